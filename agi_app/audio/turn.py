"""Who has the turn, as a pure function of audio time: blocks of speech probability and recognition verdicts in, actions out.

Nothing here knows a clock, a socket or a thread: time is the number of samples heard so far. The interview carries the actions
out and reports back. The rules:

- The candidate's turn starts with `onset_ms` of speech and may contain pauses.
- At a pause of `probe_ms` what was said so far is recognised; if speech goes on, that recognition is forgotten.
- How long a pause must last to end the turn depends on the verdict: a complete answer is answered at once, words that clearly
  stop in the middle are waited on, anything else gets the question's patience.
- A long answer is recognised in pieces while it goes on: what was recognised at a pause is kept when speech resumes.
- While we speak, an onset pauses us. A sound shorter than `barge_in_ms` lets us go on; longer speech is judged by its words at its
  first pause (a mere 嗯 or 好的 lets us go on, too), and `talk_over_ms` of it stops us whatever it is. A prompt that must be heard
  whole is never paused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto


class Verdict(StrEnum):
    """What a recognition says about the turn."""

    COMPLETE = "complete"
    """A whole answer to the open question."""
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


TurnAction = PausePrompt | ResumePrompt | StopPrompt | Recognise | Forget | TurnOver | SilenceOver


@dataclass(frozen=True, slots=True)
class TurnRules:
    """Limits; durations in milliseconds of audio."""

    sample_rate: int = 8000
    speech_threshold: float = 0.5
    onset_ms: int = 96
    pre_roll_ms: int = 300
    """Audio from before the onset that is recognised too."""
    probe_ms: int = 192
    """Pause after which what was said so far is recognised."""
    complete_ms: int = 288
    """Pause that ends a turn whose answer is complete."""
    end_silence_ms: int = 512
    """Pause that ends a turn without a clear verdict, unless the question has its own patience."""
    incomplete_ms: int = 1500
    """Pause that ends a turn that stopped in the middle of its words."""
    barge_in_ms: int = 400
    """Speech over our prompt that is more than a sound."""
    talk_over_ms: int = 900
    """Speech over our prompt that stops it before its words are known."""
    piece_ms: int = 4000
    """What was recognised of a long answer is kept from this length on; shorter ones are recognised anew as a whole."""
    resume_ms: int = 256
    """Silence after which a short sound counts as over and we go on."""
    longest_turn_ms: int = 60_000
    late_ms: int = 1500
    """Speech that ended so shortly before our prompt did still counts as its answer."""

    def samples(self, ms: int) -> int:
        """Milliseconds as samples."""
        return ms * self.sample_rate // 1000


class _Floor(Enum):
    """Who may speak."""

    NOBODY = auto()
    """Between turns: we are thinking."""
    OURS = auto()
    """A prompt is being heard."""
    THEIRS = auto()
    """The candidate is expected to speak."""


@dataclass(slots=True)
class _Speech:
    """The candidate's speech that is going on, pauses included."""

    start: int
    end: int
    voiced: int
    taken: int
    """Audio before this sample is recognised already, as pieces."""
    asked_to: int = 0
    recognition: int | None = None
    verdict: Verdict | None = None
    forced: bool = False
    pieces: tuple[int, ...] = ()


@dataclass(slots=True)
class TurnTaker:
    """The state of one call's turn-taking. Every method returns the actions that follow, in order."""

    rules: TurnRules = field(default_factory=TurnRules)
    now: int = 0
    """Samples heard so far."""
    _floor: _Floor = _Floor.NOBODY
    _interruptible: bool = True
    _paused: bool = False
    _run: int = 0
    _taken: int = 0
    """Audio before this sample belongs to a turn that is over."""
    _in_speech: bool = False
    _speech: _Speech | None = None
    _aside: _Speech | None = None
    """Speech that ended while a prompt went on that could not be, or need not be, interrupted."""
    _silence: int = 0
    _silence_limit: int = 0
    _patience_ms: int | None = None
    _next_id: int = 1

    @property
    def candidate_speaking(self) -> bool:
        """True from an onset to the end of the turn, pauses included."""
        return self._speech is not None

    def prompt_started(self, *, interruptible: bool) -> list[TurnAction]:
        """Our voice is being heard from now on."""
        self._floor = _Floor.OURS
        self._interruptible = interruptible
        self._paused = False
        self._aside = None
        if self._speech is not None and interruptible:
            self._paused = True
            return [PausePrompt()]
        return []

    def prompt_ended(self) -> list[TurnAction]:
        """Our voice has been heard to its end, or was stopped."""
        self._floor = _Floor.NOBODY
        self._paused = False
        return []

    def expect(self, *, silence_ms: int, patience_ms: int | None = None) -> list[TurnAction]:
        """The candidate's turn: wait for speech up to `silence_ms`."""
        self._floor = _Floor.THEIRS
        self._silence = 0
        self._silence_limit = self.rules.samples(silence_ms)
        self._patience_ms = patience_ms
        aside, self._aside = self._aside, None
        if self._speech is None and aside is not None and self.now - aside.end <= self.rules.samples(self.rules.late_ms):
            self._speech = aside
            if aside.verdict is Verdict.BACKCHANNEL:
                aside.verdict = Verdict.COMPLETE  # now that an answer is due, a nod is one
        return []

    def recognised(self, recognition: int, verdict: Verdict) -> list[TurnAction]:
        """The verdict on a span that was asked for; late or forgotten ones change nothing."""
        speech = self._speech
        if speech is None or speech.recognition != recognition:
            return []
        speech.verdict = verdict
        if self._floor is _Floor.OURS:
            return self._decide(speech, verdict)
        if verdict is Verdict.BACKCHANNEL:
            speech.verdict = Verdict.COMPLETE
        return self._maybe_over(speech)

    def _decide(self, speech: _Speech, verdict: Verdict) -> list[TurnAction]:
        """The words spoken over our prompt are known: go on, or give way."""
        if verdict in (Verdict.BACKCHANNEL, Verdict.EMPTY):
            self._speech, self._aside = None, speech if verdict is Verdict.BACKCHANNEL else None
            if not self._paused:
                return []
            self._paused = False
            return [ResumePrompt()]
        return [*self._give_way(speech), *self._maybe_over(speech)]

    def _give_way(self, speech: _Speech) -> list[TurnAction]:
        self._floor = _Floor.NOBODY
        self._paused = False
        return [StopPrompt(speech.start)]

    def line_ended(self) -> list[TurnAction]:
        """The candidate's line is gone: what was being said, or was said over our last words, is the last turn."""
        speech, over_us = self._speech or self._aside, self._floor is _Floor.OURS
        self._floor = _Floor.NOBODY
        self._speech = self._aside = None
        if speech is None or speech.voiced < self.rules.samples(2 * self.rules.onset_ms):
            return []
        asked = [] if speech.recognition is not None else self._ask(speech)
        assert speech.recognition is not None  # noqa: S101 - just asked for
        cut = over_us or self.now - speech.end < self.rules.samples(self.rules.probe_ms)
        return [*asked, TurnOver(speech.recognition, Span(speech.start, speech.end), speech.pieces, cut)]

    def hear(self, probability: float, samples: int) -> list[TurnAction]:
        """The next block of the candidate's audio with its probability of speech."""
        self.now += samples
        margin = 0.15 if self._in_speech else 0.0  # hysteresis: a syllable's soft end is still speech
        self._in_speech = probability >= self.rules.speech_threshold - margin
        return self._voiced(samples) if self._in_speech else self._quiet(samples)

    def _voiced(self, samples: int) -> list[TurnAction]:
        self._run += samples
        actions: list[TurnAction] = []
        speech = self._speech
        if speech is None:
            if self._run < self.rules.samples(self.rules.onset_ms):
                return []
            start = max(self._taken, self.now - self._run - self.rules.samples(self.rules.pre_roll_ms))
            speech = self._speech = _Speech(start=start, end=self.now, voiced=self._run, taken=start)
            if self._floor is _Floor.OURS and self._interruptible:
                self._paused = True
                actions.append(PausePrompt())
        else:
            speech.voiced += samples
            speech.end = self.now
            actions += self._go_on(speech)
        if self._floor is _Floor.OURS and self._paused and speech.voiced >= self.rules.samples(self.rules.talk_over_ms):
            actions += self._give_way(speech)
        if self._floor is not _Floor.OURS and speech.end - speech.start >= self.rules.samples(self.rules.longest_turn_ms):
            actions += self._ask(speech, forced=True)
        return actions

    def _go_on(self, speech: _Speech) -> list[TurnAction]:
        """Speech resumes after a pause: keep what was recognised of a long answer, forget it of a short one."""
        recognition = speech.recognition
        if recognition is None or speech.forced:
            return []
        done = speech.verdict not in (None, Verdict.EMPTY)
        speech.recognition = speech.verdict = None
        if done and speech.asked_to - speech.taken >= self.rules.samples(self.rules.piece_ms):
            speech.pieces, speech.taken = (*speech.pieces, recognition), speech.asked_to
            return []
        return [Forget(recognition)]

    def _quiet(self, samples: int) -> list[TurnAction]:
        self._run = 0
        speech = self._speech
        if speech is None:
            return self._count_silence(samples)
        pause = self.now - speech.end
        if self._floor is _Floor.OURS:
            return self._quiet_over_prompt(speech, pause)
        actions: list[TurnAction] = []
        if speech.recognition is None and pause >= self.rules.samples(self.rules.probe_ms):
            actions += self._ask(speech)
        return actions + self._maybe_over(speech)

    def _quiet_over_prompt(self, speech: _Speech, pause: int) -> list[TurnAction]:
        if self._paused and speech.voiced >= self.rules.samples(self.rules.barge_in_ms):
            due = speech.recognition is None and pause >= self.rules.samples(self.rules.probe_ms)
            return self._ask(speech) if due else []
        if pause < self.rules.samples(self.rules.resume_ms):
            return []
        self._speech, self._aside = None, speech
        if not self._paused:
            return []
        self._paused = False
        return [ResumePrompt()]

    def _count_silence(self, samples: int) -> list[TurnAction]:
        if self._floor is not _Floor.THEIRS:
            return []
        self._silence += samples
        if self._silence < self._silence_limit:
            return []
        self._floor = _Floor.NOBODY
        return [SilenceOver()]

    def _ask(self, speech: _Speech, *, forced: bool = False) -> list[TurnAction]:
        if speech.forced:
            return []
        actions: list[TurnAction] = []
        if speech.recognition is not None:
            actions.append(Forget(speech.recognition))
        speech.recognition, self._next_id = self._next_id, self._next_id + 1
        speech.verdict = None
        speech.forced = forced
        speech.asked_to = self.now
        return [*actions, Recognise(speech.recognition, Span(speech.taken, self.now), speech.pieces)]

    def _maybe_over(self, speech: _Speech) -> list[TurnAction]:
        if speech.verdict is None or speech.recognition is None or self._floor is _Floor.OURS:
            return []
        if not speech.forced and self.now - speech.end < self.rules.samples(self._pause_needed(speech.verdict)):
            return []
        self._speech = None
        self._run = 0
        self._taken = self.now
        if speech.verdict is Verdict.EMPTY and not speech.pieces and speech.voiced < self.rules.samples(2 * self.rules.onset_ms):
            return []  # a cough or a click: not a turn
        self._floor = _Floor.NOBODY
        return [TurnOver(speech.recognition, Span(speech.start, speech.end), speech.pieces)]

    def _pause_needed(self, verdict: Verdict) -> int:
        patience = self._patience_ms or self.rules.end_silence_ms
        if verdict is Verdict.COMPLETE:
            return min(self.rules.complete_ms, patience)
        if verdict is Verdict.INCOMPLETE:
            return max(self.rules.incomplete_ms, patience)
        return patience
