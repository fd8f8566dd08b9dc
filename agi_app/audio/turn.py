"""Who has the turn, as a pure function of audio time: sounds and recognition verdicts in, actions out.

Nothing here knows a clock, a socket or a thread: time is the number of samples heard so far. The interview carries the actions
out and reports back. The rules:

- The candidate's turn starts with `onset_ms` of speech and may contain pauses.
- At a pause of `probe_ms` what was said so far is recognised; if speech goes on, that recognition is forgotten.
- How long a pause must last to end the turn depends on the verdict: a complete answer is answered at once; one that often has a
  second half gets longer than people pause inside answers; words that clearly stop in the middle are waited on; anything else gets
  the question's patience.
- A long answer is recognised in pieces while it goes on, pauses or none; what was recognised at a pause is kept when speech
  resumes.
- While we speak, an onset pauses us at once. A sound no longer than `short_ms` lets us go on as soon as it ends, whatever it was,
  while its words are looked at: a 不是 still stops us then, a 嗯 does not. Longer speech is judged by its words at its first pause
  (a mere 好的好的 lets us go on, too), and `talk_over_ms` of it stops us whatever it is. A prompt that must be heard whole is never
  paused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from agi_app.audio.turn_values import (
    Forget,
    Passed,
    PausePrompt,
    Recognise,
    ResumePrompt,
    SilenceOver,
    Span,
    StopPrompt,
    TurnAction,
    TurnOver,
    TurnRules,
    Verdict,
)

_WORDLESS_PIECES = 2
"""Unbroken pieces without words after which it is noise that keeps the turn."""


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
    wordless: int = 0
    """Pieces in a row in which nothing intelligible was found."""


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
    _speech: _Speech | None = None
    _aside: _Speech | None = None
    """Speech that ended while a prompt went on: it could not be interrupted, or what was said was no reason to."""
    _silence: int = 0
    _silence_limit: int = 0
    _patience_ms: int | None = None
    _next_id: int = 1
    _probe: int = 0
    """Samples of pause after which to recognise, as things are now."""

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
        if self._speech is None and aside is not None and self._answers(aside):
            self._speech = aside
            if aside.verdict is Verdict.BACKCHANNEL:
                aside.verdict = Verdict.COMPLETE  # now that an answer is due, a nod is one
        return []

    def _answers(self, aside: _Speech) -> bool:
        """Whether what was said over our last words may be the answer to them."""
        if self.now - aside.end > self.rules.samples(self.rules.late_ms) or aside.verdict is Verdict.EMPTY:
            return False
        short = aside.voiced <= self.rules.samples(self.rules.short_ms)
        return not short or aside.verdict in (None, Verdict.COMPLETE, Verdict.BACKCHANNEL)

    def recognised(self, recognition: int, verdict: Verdict) -> list[TurnAction]:
        """The verdict on a span that was asked for; late or forgotten ones change nothing."""
        speech = self._speech
        if speech is not None and recognition in speech.pieces:
            return self._piece_recognised(speech, verdict)
        if speech is None and self._aside is not None and self._aside.recognition == recognition:
            return self._decide_aside(self._aside, verdict)
        if speech is None or speech.recognition != recognition:
            return []
        speech.verdict = verdict
        if self._floor is _Floor.OURS:
            return self._decide(speech, verdict)
        if verdict is Verdict.BACKCHANNEL:
            if self._floor is _Floor.NOBODY and speech.voiced < self.rules.samples(self.rules.talk_over_ms):
                return self._let_pass(speech)  # between two prompts, or while we think
            speech.verdict = Verdict.COMPLETE
        return self._maybe_over(speech)

    def _piece_recognised(self, speech: _Speech, verdict: Verdict) -> list[TurnAction]:
        """A piece of an unbroken stretch: two without any words are noise, and nobody's turn."""
        speech.wordless = speech.wordless + 1 if verdict is Verdict.EMPTY else 0
        if speech.wordless < _WORDLESS_PIECES or speech.forced or self._floor is _Floor.OURS:
            return []
        return self._ask(speech, forced=True)

    def _decide(self, speech: _Speech, verdict: Verdict) -> list[TurnAction]:
        """The words spoken over our prompt are known: go on, or give way."""
        if verdict in (Verdict.BACKCHANNEL, Verdict.EMPTY):
            return self._let_pass(speech)
        return [*self._give_way(speech), *self._maybe_over(speech)]

    def _decide_aside(self, aside: _Speech, verdict: Verdict) -> list[TurnAction]:
        """The words of a short sound are known, and we speak on already: only a clear answer or wish stops us now."""
        aside.verdict = verdict
        if verdict is not Verdict.COMPLETE or self._floor is not _Floor.OURS or not self._interruptible:
            return []
        self._speech, self._aside = aside, None
        return [*self._give_way(aside), *self._maybe_over(aside)]

    def _let_pass(self, speech: _Speech) -> list[TurnAction]:
        """Go on speaking; what was said is kept, should it turn out to be the answer."""
        self._speech, self._aside = None, speech
        if not self._paused:
            return [Passed()]
        self._paused = False
        return [ResumePrompt()]

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

    def hear(self, speech: bool, samples: int, *, clear: bool = False, busy: bool = False) -> list[TurnAction]:
        """The next block of the candidate's audio.

        Args:
            speech: whether they speak in it.
            samples: its length.
            clear: whether there is no doubt about it.
            busy: whether a recognition would have to wait now.
        """
        self.now += samples
        self._probe = self.rules.samples(self.rules.busy_probe_ms if busy else self.rules.probe_ms)
        return self._voiced(samples, clear) if speech else self._quiet(samples)

    def _voiced(self, samples: int, clear: bool) -> list[TurnAction]:
        self._run += samples
        actions: list[TurnAction] = []
        speech = self._speech
        if speech is None:
            if self._run < self._onset(clear):
                return []
            speech, actions = self._begun()
        else:
            gap = self.now - samples - speech.end
            speech.voiced += samples
            speech.end = self.now
            actions += self._go_on(speech)
            actions += self._stretch(speech, at_gap=gap > 0)
        if self._floor is _Floor.OURS and self._paused and speech.voiced >= self.rules.samples(self.rules.talk_over_ms):
            actions += self._give_way(speech)
        if self._floor is not _Floor.OURS and speech.end - speech.start >= self.rules.samples(self.rules.longest_turn_ms):
            actions += self._ask(speech, forced=True)
        return actions

    def _onset(self, clear: bool) -> int:
        """Samples of speech that count as somebody speaking."""
        if self._floor is not _Floor.OURS or not self._interruptible:
            return self.rules.samples(self.rules.onset_ms)
        return self.rules.samples(self.rules.over_onset_ms) // (2 if clear else 1)

    def _begun(self) -> tuple[_Speech, list[TurnAction]]:
        """An onset: a new turn, or more of what was said over our prompt a moment ago."""
        aside = self._aside
        if aside is not None and self._floor is _Floor.OURS and self.now - aside.end <= self.rules.samples(self.rules.rejoin_ms):
            self._speech, self._aside = aside, None
            aside.voiced += self._run
            aside.end = self.now
            actions = self._go_on(aside)
        else:
            start = max(self._taken, self.now - self._run - self.rules.samples(self.rules.pre_roll_ms))
            self._speech = _Speech(start=start, end=self.now, voiced=self._run, taken=start)
            actions = []
        if self._floor is _Floor.OURS and self._interruptible:
            self._paused = True
            actions.append(PausePrompt())
        return self._speech, actions

    def _stretch(self, speech: _Speech, *, at_gap: bool) -> list[TurnAction]:
        """Recognise a piece of speech that goes on without a pause."""
        length, limit = self.now - speech.taken, self.rules.samples(self.rules.stretch_ms)
        due = length >= limit and (at_gap or 2 * length >= 3 * limit)
        if self._floor is _Floor.OURS or speech.recognition is not None or not due:
            return []
        number, self._next_id = self._next_id, self._next_id + 1
        asked = Recognise(number, Span(speech.taken, self.now), speech.pieces)
        speech.pieces, speech.taken = (*speech.pieces, number), self.now
        return [asked]

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
        if speech.recognition is None and pause >= self._probe:
            actions += self._ask(speech)
        return actions + self._maybe_over(speech)

    def _quiet_over_prompt(self, speech: _Speech, pause: int) -> list[TurnAction]:
        if self._paused and speech.voiced > self.rules.samples(self.rules.short_ms):
            due = speech.recognition is None and pause >= self._probe
            return self._ask(speech) if due else []
        if pause < self.rules.samples(self.rules.resume_ms):
            return []
        asked = self._ask(speech) if speech.recognition is None else []
        return [*self._let_pass(speech), *asked]

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
            return [Passed()]  # a cough or a click: not a turn
        self._floor = _Floor.NOBODY
        return [TurnOver(speech.recognition, Span(speech.start, speech.end), speech.pieces)]

    def _pause_needed(self, verdict: Verdict) -> int:
        patience = self._patience_ms or self.rules.end_silence_ms
        if verdict is Verdict.COMPLETE:
            return min(self.rules.complete_ms, patience)
        if verdict is Verdict.OPEN:
            return min(self.rules.open_ms, patience)
        if verdict is Verdict.INCOMPLETE:
            return max(self.rules.incomplete_ms, patience)
        return patience
