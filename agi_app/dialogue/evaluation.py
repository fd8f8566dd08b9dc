"""Measures the understanding on utterances with known meaning: `tests/data/understanding/*.jsonl`.

A line is what `hireline understand` takes and gives: `question`, `text`, `now`, and the right `intent`, `also` and `slots`.
`noise: true` marks what a recogniser made of the words in `spoken`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from agi_app.dialogue.understanding import Heard, Hypothesis, Intent, Understander, Understanding
from hr_sync.errors import InvalidDataError

DANGEROUS = (Intent.AGREE, Intent.DENY, Intent.STOP_CALLING)
"""What must not be heard where it was not said."""


class Case(BaseModel):
    """One utterance and what it means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str | None
    text: str
    now: AwareDatetime
    intent: Intent
    also: tuple[Intent, ...] = ()
    slots: dict[str, Any] = {}
    noise: bool = False
    spoken: str | None = None
    """The words, where `text` is what a recogniser made of them."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A case that was understood otherwise."""

    case: Case
    understanding: Understanding
    wrong: tuple[str, ...]
    """intent, slots, or false_ and the dangerous intent."""


@dataclass(slots=True)
class Tally:
    """Counts over some cases."""

    cases: int = 0
    intents_right: int = 0
    with_slots: int = 0
    """Cases that have slots, or in which some were found."""
    slots_right: int = 0
    also_right: int = 0
    false_alarms: int = 0

    def figures(self) -> dict[str, float | int]:
        """Shares from 0 to 1, and the number of cases."""
        return {
            "cases": self.cases,
            "intent_accuracy": round(self.intents_right / max(self.cases, 1), 4),
            "slots_exact": round(self.slots_right / max(self.with_slots, 1), 4),
            "also_exact": round(self.also_right / max(self.cases, 1), 4),
            "false_agree_deny_stop": round(self.false_alarms / max(self.cases, 1), 4),
        }


@dataclass(slots=True)
class Evaluation:
    """What came out."""

    clean: Tally = field(default_factory=Tally)
    noisy: Tally = field(default_factory=Tally)
    misses: list[Miss] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All figures; latency in milliseconds of wall-clock time."""
        ordered = sorted(self.latencies_ms) or [0.0]
        return {
            "clean": self.clean.figures(),
            "noisy": self.noisy.figures(),
            "latency_ms": {
                "p50": round(ordered[len(ordered) // 2], 1),
                "p95": round(ordered[int(len(ordered) * 0.95)], 1),
                "max": round(ordered[-1], 1),
            },
        }


def load_cases(folder: Path) -> list[Case]:
    """Read all cases under `folder`. Raises InvalidDataError naming file and line."""
    cases: list[Case] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                cases.append(Case.model_validate(json.loads(line)))
            except (json.JSONDecodeError, ValidationError) as error:
                problem = str(error).splitlines()[0]
                raise InvalidDataError(f"not a case: {problem}", where=f"{path}:{number}", remedy="correct the line") from error
    if not cases:
        raise InvalidDataError("there are no cases", where=str(folder), remedy="name the folder of the evaluation set")
    return cases


def evaluate(understander: Understander, cases: Iterable[Case]) -> Evaluation:
    """Understand every case and compare."""
    evaluation = Evaluation()
    for case in cases:
        heard = Heard((Hypothesis(case.text),))
        started = time.perf_counter()
        understanding = understander.understand(heard, question=case.question, now=case.now)
        evaluation.latencies_ms.append((time.perf_counter() - started) * 1000)
        wrong = compare(case, understanding, evaluation.noisy if case.noise else evaluation.clean)
        if wrong:
            evaluation.misses.append(Miss(case, understanding, wrong))
    return evaluation


def compare(case: Case, understanding: Understanding, tally: Tally) -> tuple[str, ...]:
    """Count one case, and name what is wrong about it."""
    wrong: list[str] = []
    tally.cases += 1
    if understanding.intent is case.intent:
        tally.intents_right += 1
    else:
        wrong.append("intent")
    tally.also_right += set(understanding.also) == set(case.also)
    if case.slots or understanding.slots:
        tally.with_slots += 1
        if same_slots(understanding.slots, case.slots):
            tally.slots_right += 1
        else:
            wrong.append("slots")
    right = {case.intent, *case.also}
    alarms = [f"false_{intent}" for intent in understanding.intents if intent in DANGEROUS and intent not in right]
    tally.false_alarms += bool(alarms)
    return (*wrong, *alarms)


def same_slots(found: dict[str, Any], right: dict[str, Any]) -> bool:
    """Equal, times compared as moments."""
    return bool(_moments(found) == _moments(right))


def _moments(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: datetime.fromisoformat(item) if key == "at" else _moments(item) for key, item in value.items()}
    return value


def report_lines(evaluation: Evaluation, *, misses: bool = True) -> Sequence[str]:
    """The evaluation as a person reads it."""
    figures = evaluation.as_json()
    lines = []
    if misses:
        for miss in evaluation.misses:
            case, found = miss.case, miss.understanding
            lines.append(
                f"{'+'.join(miss.wrong)}: [{case.question}] {case.text} → {'+'.join(found.intents)} {found.slots or ''}"
                f" instead of {'+'.join((case.intent, *case.also))} {case.slots or ''}"
            )
    for name, tally in (("clean", figures["clean"]), ("with recognition errors", figures["noisy"])):
        lines.append(
            f"{name}: {tally['cases']} utterances, intent {tally['intent_accuracy']:.1%}, slots exactly {tally['slots_exact']:.1%},"
            f" false agree/deny/stop_calling {tally['false_agree_deny_stop']:.1%}"
        )
    latency = figures["latency_ms"]
    lines.append(f"latency: p50 {latency['p50']} ms, p95 {latency['p95']} ms, max {latency['max']} ms")
    return lines
