"""What one call measured, as the app saw it. The candidate's own view is measured at the phone, by the simulation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil

from agi_app.telephony.media.channel import MediaCounters


def cpu_seconds() -> float:
    """CPU time this process has used so far, in user and in system mode together."""
    user, system = psutil.Process().cpu_times()[:2]
    return float(user + system)


def percentiles(values: list[float]) -> dict[str, float | int]:
    """Summary of a list of milliseconds: p50, p95, max and n; zeros when there are none."""
    if not values:
        return {"p50": 0, "p95": 0, "max": 0, "n": 0}
    p50, p95 = np.percentile(values, [50, 95])
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "max": round(max(values), 1), "n": len(values)}


@dataclass(slots=True)
class CallMetrics:
    """Collects a call's figures."""

    voice_to_voice_ms: list[float] = field(default_factory=list)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    interruptions: int = 0
    resumes_ms: list[float] = field(default_factory=list)
    """Pauses after which we spoke on, because what had been said asked for nothing."""
    forgotten: int = 0
    """Recognitions that were of no use, because speech went on."""
    _line: dict[str, Any] = field(default_factory=dict)
    _cpu_s: float = field(default_factory=cpu_seconds)

    def replied(self, total_ms: float, stages_ms: dict[str, float]) -> None:
        """A reply's first audio left us."""
        self.voice_to_voice_ms.append(total_ms)
        for stage, value in stages_ms.items():
            self.stages_ms.setdefault(stage, []).append(value)

    def resumed(self, paused_ms: float) -> None:
        """We had paused for somebody, and spoke on."""
        self.resumes_ms.append(paused_ms)

    def trouble(self, what: str) -> None:
        """Something failed and was dealt with."""
        self.troubles[what] = self.troubles.get(what, 0) + 1

    def line(self, counters: MediaCounters, *, filled_ms: int, echo_ms: int, set_up_ms: float | None) -> None:
        """What the media channel counted."""
        self._line = {
            "frames_late": counters.late,
            "frames_dropped": counters.dropped,
            "frames_in": counters.frames_in,
            "frames_out": counters.frames_out,
            "underruns": counters.underruns,
            "filled_ms": filled_ms,
            "echo_ms": echo_ms,
            "set_up_ms": set_up_ms,
        }

    def summary(self) -> dict[str, Any]:
        """The figures in the shape of the result's `metrics`."""
        return {
            "voice_to_voice_ms": percentiles(self.voice_to_voice_ms),
            "stages_ms": {stage: percentiles(values) for stage, values in self.stages_ms.items()},
            "interruptions": self.interruptions,
            "resumes_ms": percentiles(self.resumes_ms),
            "forgotten_recognitions": self.forgotten,
            "troubles": self.troubles,
            **self._line,
            "cpu_s": round(cpu_seconds() - self._cpu_s, 2),
            "rss_mb": psutil.Process().memory_info().rss >> 20,
        }
