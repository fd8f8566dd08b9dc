"""What the candidate's phone shows of a call: reply times, interruptions, cut-offs. Pure: from its recording and its log.

All times are read off the right channel (what the candidate heard) against what the phone itself said, on one sample clock. Stage
marks only tell a pause we made from a pause between two of our clauses, and a prompt that ended by itself from one that gave way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from agi_app.simulate.line import ACTIVE_DBOV, SAMPLE_RATE, Pcm
from agi_app.simulate.plan import InterruptedCue, PhoneLog, PromptEndedCue, Spoken

BLOCK_MS = 10
CLICK_MS = 30
"""Sound shorter than this is no speech."""
CLAUSE_GAP_MS = 200
"""A silence up to this belongs to the speech around it."""
COLLISION_MS = 200
"""Both began within this time: nobody cut anybody off, people need as long to notice."""
NEVER_STOPPED_MS = 1500
"""Still speaking so long after an interruption: it was missed."""
NEAR_MS = 400
"""A stage mark within this time of a silence explains it (marks travel through a pipe, sound through a jitter buffer)."""
LONG_GAP_MS = 700
"""A silence this long inside a prompt is a stop, marked or not; a shorter hesitation is only timed (`resumes_ms`)."""

Span = tuple[int, int]
"""From and to, in milliseconds of the phone's clock."""


@dataclass(slots=True)
class Measures:
    """What was measured; adds up over calls."""

    voice_to_voice_ms: list[float] = field(default_factory=list)
    interruption_stop_ms: list[float] = field(default_factory=list)
    resumes_ms: list[float] = field(default_factory=list)
    interruptions: int = 0
    missed_interruptions: int = 0
    backchannels: int = 0
    false_stops: int = 0
    answers: int = 0
    cut_offs: int = 0
    answers_with_pause: int = 0
    cut_offs_in_pause: int = 0
    """Cut-offs of answers with a pause."""
    unanswered: int = 0
    """The candidate said something and heard nothing more before it spoke again or the call ended."""
    late_ticks: int = 0

    def add(self, other: Measures) -> None:
        """Sum another call in."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def heard_spans(heard: Pcm, *, threshold_dbov: float = ACTIVE_DBOV) -> list[Span]:
    """Stretches of sound in what was heard, by 10 ms blocks; gaps of CLAUSE_GAP_MS are bridged, clicks left out.

    Args:
        heard: int16, shape [n], 8 kHz.
        threshold_dbov: what counts as sound.
    """
    size = SAMPLE_RATE * BLOCK_MS // 1000
    blocks = heard[: heard.size // size * size].reshape(-1, size).astype(np.float64)
    power = np.mean(np.square(blocks), axis=1)
    active = np.flatnonzero(power > 32768.0**2 * 10 ** (threshold_dbov / 10))
    spans: list[list[int]] = []
    for block in active:
        start = int(block) * BLOCK_MS
        if spans and start - spans[-1][1] <= CLAUSE_GAP_MS:
            spans[-1][1] = start + BLOCK_MS
        else:
            spans.append([start, start + BLOCK_MS])
    return [(first, last) for first, last in spans if last - first >= CLICK_MS]


def measure(log: PhoneLog, heard: Pcm) -> Measures:
    """Measure one call.

    Args:
        log: the phone's log.
        heard: the right channel of its recording, int16, shape [n], 8 kHz.
    """
    return _Call(log, heard_spans(heard)).measure()


class _Call:
    def __init__(self, log: PhoneLog, spans: list[Span]) -> None:
        self._log = log
        self._spans = spans
        self._out = Measures(late_ticks=log.late_ticks)
        self._own = sorted(log.spoken, key=lambda said: said.start_ms)

    def measure(self) -> Measures:
        for said in self._own:
            if said.kind == "turn":
                self._cut_off(said)
            elif said.kind == "interrupt":
                self._interruption(said)
            else:
                self._backchannel(said)
            if said.awaits_reply:
                self._reply(said)
        return self._out

    def _sounding(self, at_ms: int) -> Span | None:
        """The stretch of our speech at this moment; one that ended within a clause's gap still counts."""
        return next((span for span in self._spans if span[0] <= at_ms <= span[1] + CLAUSE_GAP_MS), None)

    def _next_own(self, said: Spoken) -> int:
        later = (other.start_ms for other in self._own if other.start_ms >= said.end_ms and other.kind != "backchannel")
        return min(later, default=self._log.ended_ms)

    def _ended_by_itself(self, at_ms: int) -> bool:
        """Whether a prompt ended there because it was over."""
        return any(
            isinstance(mark.cue, PromptEndedCue) and not mark.cue.interrupted and abs(mark.at_ms - at_ms) <= NEAR_MS
            for mark in self._log.stages
        )

    def _marked_stop(self, first: int, last: int) -> bool:
        """Whether we say ourselves that we gave way, or paused and went on, between these times."""
        return any(
            first <= mark.at_ms <= last + NEAR_MS
            and (isinstance(mark.cue, InterruptedCue) or (isinstance(mark.cue, PromptEndedCue) and mark.cue.interrupted))
            for mark in self._log.stages
        )

    def _reply(self, said: Spoken) -> None:
        end = said.end_ms
        if any(first < end < last for first, last in self._spans):
            return  # we speak over the end of it: a cut-off or a missed interruption, not a reply
        onset = next((first for first, _ in self._spans if first >= end), None)
        if onset is None or onset >= self._next_own(said):
            self._out.unanswered += 1
        else:
            self._out.voice_to_voice_ms.append(float(onset - end))

    def _cut_off(self, said: Spoken) -> None:
        self._out.answers += 1
        paused = bool(said.pauses)
        self._out.answers_with_pause += paused
        began = any(said.start_ms + COLLISION_MS < first < said.end_ms for first, _ in self._spans)
        hung_up_on = said.cut and self._log.hung_up_by == "caller"
        if began or hung_up_on:
            self._out.cut_offs += 1
            self._out.cut_offs_in_pause += paused

    def _interruption(self, said: Spoken) -> None:
        sounding = self._sounding(said.start_ms)
        if sounding is None or sounding[1] <= said.start_ms:
            return  # we had just ended: nothing was interrupted
        stop = sounding[1]
        if stop <= said.start_ms + NEVER_STOPPED_MS and self._ended_by_itself(stop):
            return
        self._out.interruptions += 1
        while (again := next((span for span in self._spans if stop < span[0] < said.end_ms), None)) is not None:
            stop = again[1]  # we went on at a comma of theirs: only the last silence counts
        if stop - said.start_ms > NEVER_STOPPED_MS:
            self._out.missed_interruptions += 1
        else:
            self._out.interruption_stop_ms.append(float(stop - said.start_ms))

    def _backchannel(self, said: Spoken) -> None:
        sounding = self._sounding(said.start_ms)
        if sounding is None or sounding[1] <= said.start_ms:
            return
        self._out.backchannels += 1
        stop = sounding[1]
        if stop > said.end_ms + NEVER_STOPPED_MS or self._ended_by_itself(stop):
            return
        again = next((first for first, _ in self._spans if first > stop), None)
        if not self._marked_stop(said.start_ms, again or stop) and (again or self._log.ended_ms) - stop < LONG_GAP_MS:
            return  # a pause between two clauses
        resumed = again is not None and again < self._next_own(said)
        if again is not None and resumed:
            self._out.resumes_ms.append(float(again - stop))
        if again is None or not resumed or again - stop >= LONG_GAP_MS:
            self._out.false_stops += 1


def total(parts: Iterable[Measures]) -> Measures:
    """All calls together."""
    whole = Measures()
    for part in parts:
        whole.add(part)
    return whole
