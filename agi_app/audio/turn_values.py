"""The words turn-taking is told in: verdicts go in, actions come out, rules set the limits. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a recognition says about the turn."""

    COMPLETE = "complete"
    """A whole answer to the open question."""
    OPEN = "open"
    """A whole answer that often has a second half: 一万 (二), a story that came to its result."""
    PLAIN = "plain"
    """Words, but no telling whether more follows."""
    INCOMPLETE = "incomplete"
    """The words stop in the middle."""
    EMPTY = "empty"
    """Nothing intelligible."""
    BACKCHANNEL = "backchannel"
    """A nod while we speak, such as 嗯 or 好的: no wish to take the word."""


@dataclass(frozen=True, slots=True)
class Span:
    """Samples from start (included) to end (excluded), counted from the first sample heard."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PausePrompt:
    """Hold our voice: somebody speaks."""


@dataclass(frozen=True, slots=True)
class ResumePrompt:
    """It was nothing: go on where we stopped."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What was said asks for no reaction: a nod or a cough between two prompts."""


@dataclass(frozen=True, slots=True)
class StopPrompt:
    """The candidate has the word: drop the rest."""

    onset: int


@dataclass(frozen=True, slots=True)
class Recognise:
    """Recognise this span now; report with `TurnTaker.recognised(id, …)`. A newer id replaces an older one."""

    id: int
    span: Span
    before: tuple[int, ...] = ()
    """Recognitions of the same turn's earlier pieces, in order."""


@dataclass(frozen=True, slots=True)
class Forget:
    """The recognition `id` is of no use any more: speech went on."""

    id: int


@dataclass(frozen=True, slots=True)
class TurnOver:
    """The candidate's turn ended; recognition `id` holds what was said."""

    id: int
    span: Span
    """From the first to the last sample of speech."""
    before: tuple[int, ...] = ()
    """Recognitions of the turn's earlier pieces, in order."""
    cut: bool = False
    """The line ended in the middle of it, or of our prompt that it was said over."""


@dataclass(frozen=True, slots=True)
class SilenceOver:
    """Nothing was said for as long as was allowed."""


TurnAction = PausePrompt | ResumePrompt | Passed | StopPrompt | Recognise | Forget | TurnOver | SilenceOver


@dataclass(frozen=True, slots=True)
class TurnRules:
    """Limits; durations in milliseconds of audio."""

    sample_rate: int = 8000
    onset_ms: int = 96
    over_onset_ms: int = 64
    """The same over our prompt, which it only pauses: half of it is enough where somebody is clearly speaking."""
    pre_roll_ms: int = 300
    """Audio from before the onset that is recognised too."""
    probe_ms: int = 96
    """Pause after which what was said so far is recognised. Inside words there are silences of up to 64 ms."""
    busy_probe_ms: int = 256
    """The same while the recogniser has no thread to spare: fewer recognitions are begun in vain, at a comma."""
    complete_ms: int = 320
    """Pause that ends a turn whose answer is complete. At a comma people, and voices, pause 160 to 290 ms."""
    open_ms: int = 832
    """Pause that ends a turn whose answer may have a second half."""
    end_silence_ms: int = 832
    """Pause that ends a turn without a clear verdict, unless the question has its own patience."""
    incomplete_ms: int = 1500
    """Pause that ends a turn that stopped in the middle of its words."""
    short_ms: int = 450
    """Sound over our prompt that may be a nod: it does not keep us silent."""
    talk_over_ms: int = 900
    """Speech over our prompt that stops it before its words are known."""
    piece_ms: int = 4000
    """What was recognised of a long answer is kept from this length on; shorter ones are recognised anew as a whole."""
    stretch_ms: int = 7000
    """Speech without a pause is recognised in pieces of this length: the first gap after it, or this and a half at most."""
    resume_ms: int = 288
    """Silence after which a sound over our prompt counts as over: 嗯 is, 对了， is not. As short as the pause at a comma allows."""
    rejoin_ms: int = 700
    """Speech that goes on so soon after a short sound over our prompt belongs to it."""
    longest_turn_ms: int = 60_000
    late_ms: int = 1000
    """Speech that ended so shortly before our prompt did still counts as its answer."""

    def samples(self, ms: int) -> int:
        """Milliseconds as samples."""
        return ms * self.sample_rate // 1000
