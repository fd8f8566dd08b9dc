"""The report of a simulation: one structure, shown on the terminal, as JSON and as one HTML page."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from agi_app.interview.metrics import cpu_seconds, percentiles
from agi_app.simulate.judgement import Accuracy
from agi_app.simulate.measure import Measures, total
from agi_app.simulate.runner import SimulatedCall


@dataclass(slots=True)
class Machine:
    """What the run cost; start it before, `stop` it after."""

    cpu_s: float = field(default_factory=cpu_seconds)
    rss_mb: int = 0

    def stop(self) -> None:
        """Take the figures of this process: the phone wing; phones and Asterisk are processes of their own."""
        self.cpu_s = round(cpu_seconds() - self.cpu_s, 2)
        self.rss_mb = psutil.Process().memory_info().rss >> 20


def figures(calls: Sequence[SimulatedCall]) -> dict[str, Any]:
    """The measurements of some calls together, named as in the public contract."""
    measures = total(call.measures for call in calls)
    accuracy = Accuracy()
    for call in calls:
        accuracy.add(call.accuracy)
    return {
        **_timing(measures),
        "asr_cer": accuracy.characters.rate,
        "asr_pinyin_er": accuracy.syllables.rate,
        "slot_accuracy": accuracy.slot_accuracy,
        "answered_questions": accuracy.answered,
        "asked_questions": accuracy.asked,
    }


def _timing(measures: Measures) -> dict[str, Any]:
    return {
        "voice_to_voice_ms": percentiles(measures.voice_to_voice_ms),
        "interruption_stop_ms": percentiles(measures.interruption_stop_ms),
        "interruptions": measures.interruptions,
        "missed_interruptions": measures.missed_interruptions,
        "backchannels": measures.backchannels,
        "false_stops": measures.false_stops,
        "resumes_ms": percentiles(measures.resumes_ms),
        "answers": measures.answers,
        "cut_offs": measures.cut_offs,
        "answers_with_pause": measures.answers_with_pause,
        "cut_offs_in_pause": measures.cut_offs_in_pause,
        "unanswered": measures.unanswered,
        "phone_late_ticks": measures.late_ticks,
    }


def environment(*, asterisk: str, models: Mapping[str, str]) -> dict[str, Any]:
    """Where it ran.

    Args:
        asterisk: its version.
        models: what each was: recogniser, voice.
    """
    return {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "asterisk": asterisk,
        "models": dict(models),
    }


@dataclass(frozen=True, slots=True)
class Report:
    """A finished simulation.

    Args:
        calls: in the order they were begun.
        concurrency: how many at a time.
        machine: what the run cost.
        settings: what matters for the figures, as JSON.
        environment: see `environment`.
    """

    calls: Sequence[SimulatedCall]
    concurrency: int
    machine: Machine
    settings: Mapping[str, Any]
    environment: Mapping[str, Any]

    @property
    def unmet(self) -> int:
        """Calls that did not bring what their persona wants."""
        return sum(bool(call.unmet) for call in self.calls)

    def metrics(self) -> dict[str, Any]:
        """Over all calls."""
        return {
            **figures(self.calls),
            "calls": len(self.calls),
            "calls_unmet": self.unmet,
            "concurrency": self.concurrency,
            "cpu_s": self.machine.cpu_s,
            "rss_mb": self.machine.rss_mb,
            "frames_late": self._frames("frames_late"),
            "frames_dropped": self._frames("frames_dropped"),
        }

    def _frames(self, name: str) -> int | None:
        """Summed over the calls whose result tells it; None when none does."""
        told = [call.result.metrics[name] for call in self.calls if call.result and name in call.result.metrics]
        return sum(int(value) for value in told if isinstance(value, int | float)) if told else None

    def by_persona(self) -> dict[str, list[SimulatedCall]]:
        """The calls of each persona."""
        groups: dict[str, list[SimulatedCall]] = {}
        for call in self.calls:
            groups.setdefault(call.persona.id, []).append(call)
        return groups

    def as_json(self) -> dict[str, Any]:
        """The public contract's form; `metrics` of a call are those of its phone."""
        return {
            "calls": [
                {
                    "persona": call.persona.id,
                    "result": call.result.model_dump(mode="json") if call.result else None,
                    "unmet": list(call.unmet),
                    "metrics": figures([call]),
                    "recording": str(call.log.recording) if call.log and call.log.recording else None,
                }
                for call in self.calls
            ],
            "metrics": self.metrics(),
            "personas": {persona: figures(calls) for persona, calls in self.by_persona().items()},
            "settings": dict(self.settings),
            "environment": dict(self.environment),
        }

    def print(self, console: Console) -> None:
        """Show it as tables."""
        console.print(self._personas())
        console.print(self._overall())
        for call in self.calls:
            for line in call.unmet:
                console.print(f"[red]unmet[/red] {call.persona.id}: {line}", highlight=False)

    def _personas(self) -> Table:
        table = Table(title="Personas", title_justify="left")
        table.add_column("persona")
        for name in (
            "calls",
            "met",
            "ended as",
            "reply p50 / p95 ms (n)",
            "stop p95 ms",
            "cut off",
            "characters wrong",
            "slots right",
        ):
            table.add_column(name, justify="right")
        for persona, calls in self.by_persona().items():
            values = figures(calls)
            reply, stop = values["voice_to_voice_ms"], values["interruption_stop_ms"]
            table.add_row(
                persona,
                str(len(calls)),
                str(sum(not call.unmet for call in calls)),
                ", ".join(sorted({str(call.result.disposition) if call.result else "failed" for call in calls})),
                f"{reply['p50']:.0f} / {reply['p95']:.0f} ({reply['n']})" if reply["n"] else "",
                f"{stop['p95']:.0f} ({stop['n']})" if stop["n"] else "",
                f"{values['cut_offs']} of {values['answers']}" if values["answers"] else "",
                percent(values["asr_cer"]),
                percent(values["slot_accuracy"]),
            )
        return table

    def _overall(self) -> Table:
        table = Table(title="All calls, as heard at the candidates' phones", title_justify="left", show_header=False)
        table.add_column("measure")
        table.add_column("value", justify="right")
        for name, value in rows(self.metrics()):
            table.add_row(name, value)
        return table


def percent(value: float | None) -> str:
    """A share as 12.3 %; empty when there is none."""
    return "" if value is None else f"{100 * value:.1f} %"


def rows(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The metrics as names and short texts."""
    shares = {"asr_cer", "asr_pinyin_er", "slot_accuracy"}
    out = []
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            text = (
                f"p50 {value['p50']:.0f}, p95 {value['p95']:.0f}, max {value['max']:.0f}, n {value['n']}" if value["n"] else "none"
            )
        elif name in shares:
            text = percent(value) or "not known"
        else:
            text = "not known" if value is None else str(value)
        out.append((name, text))
    return out


def histogram(values: Sequence[float], *, bins: int = 24) -> list[tuple[float, float, int]]:
    """Counts of equal bins from 0 to the largest value, each with its bounds; empty when there are no values."""
    if not values:
        return []
    counts, edges = np.histogram(values, bins=bins, range=(0.0, max(*values, 1.0)))
    return [(float(edges[index]), float(edges[index + 1]), int(count)) for index, count in enumerate(counts)]
