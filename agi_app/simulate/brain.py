"""What a simulated candidate does, decided in audio time and without I/O.

What it goes by, honestly: *that* and *when* we speak is heard on its own receive side, frame by frame, and every delay of a
persona counts from that. *What* we just asked is told to it by stage cues from the interview (which question is open, which kind
of prompt runs), because a candidate made of recorded lines does not understand speech. Cues only choose which line comes next;
the line itself always reaches us as sound over SIP, and nothing of its text does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agi_app.simulate.persona import ANY, Persona, SpokenOver, Turn
from agi_app.simulate.plan import Cue, InterruptedCue, PromptEndedCue, PromptStartedCue, TurnGivenCue

QUIET_MS = 80
"""So long nothing is heard before we count as silent: longer than the gap between two frames, shorter than any `after_ms`."""
GOODBYE_QUIET_MS = 900
"""Silence after our goodbye before a candidate who waits for it hangs up."""
AFTER_LINE_MS = 600
"""`hang_up.after`: so long after its own answer the candidate hangs up."""
REPEATS = 2
"""So often an answer that is asked again is said again."""

ASIDES = frozenset({"acknowledgement", "answer", "repair", "hold"})
"""Kinds of prompts that are said on the way to a question and are not that question."""

OTHER = "other"
MANNERS = {
    "greeting": "喂，你好",
    "consent": "可以，方便",
    "pitch": "有兴趣，可以聊聊",
    "closing": "没有了，谢谢",
    OTHER: "这个我现在说不好",
}
"""What a polite candidate answers where no turn fits."""


@dataclass(frozen=True, slots=True)
class Say:
    """Start this line now."""

    key: str
    kind: str
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """Press these keys now."""

    keys: str
    question: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """Hang up now."""


Action = Say | Press | End


@dataclass(slots=True)
class _Ear:
    """What is heard, from one flag a frame."""

    last_ms: int | None = None
    """End of the last frame with our voice in it."""
    onset_ms: int | None = None
    """Start of the present stretch of our voice, gaps up to QUIET_MS included."""

    def frame(self, now_ms: int, active: bool) -> None:
        if not active:
            return
        if self.last_ms is None or now_ms - self.last_ms > QUIET_MS:
            self.onset_ms = now_ms
        self.last_ms = now_ms

    def quiet(self, now_ms: int, for_ms: int = QUIET_MS) -> bool:
        return self.last_ms is None or now_ms - self.last_ms >= for_ms


@dataclass(slots=True)
class _Over:
    """A line said while we speak, and whether its prompt runs."""

    key: str
    kind: str
    line: SpokenOver
    prompt_id: str | None = None
    cued_ms: int = 0
    heard_ms: int | None = None
    used: bool = False


@dataclass(slots=True)
class _Move:
    """What we said since the candidate's last turn."""

    kinds: set[str] = field(default_factory=set)
    question: str | None = None


class Brain:
    """One candidate in one call.

    Call `step` once a frame with what was heard in it; at most one action comes back. `now_ms` never runs backwards.

    Args:
        persona: who it is.
        durations_ms: length of every utterance, by its key.
    """

    def __init__(self, persona: Persona, durations_ms: Mapping[str, int]) -> None:
        self._persona = persona
        self._durations = durations_ms
        self._turns = {f"turn.{number}": turn for number, turn in enumerate(persona.turns)}
        self._overs = [_Over(f"interrupt.{n}", "interrupt", line) for n, line in enumerate(persona.interrupts)]
        self._overs += [_Over(f"backchannel.{n}", "backchannel", line) for n, line in enumerate(persona.backchannels)]
        self._used: set[str] = set()
        self._last_line: dict[str, str] = {}
        self._repeated: dict[str, int] = {}
        self._ear = _Ear()
        self._move = _Move()
        self._answered_ms: int | None = None
        self._given: TurnGivenCue | None = None
        self._given_ms = 0
        self._running: str | None = None
        self._speaking_until = 0
        self._hang_up_at: int | None = None
        self._goodbye_since: int | None = None
        self._leave_during: _Over | None = None
        self._ended = False
        leave = persona.hang_up
        if leave and leave.during:
            self._leave_during = _Over("", "leave", SpokenOver(during=leave.during, at_ms=leave.at_ms, say="-"))

    # ---- what happens -----------------------------------------------------------------------------------------------

    def answered(self, now_ms: int) -> None:
        """The phone was picked up."""
        self._answered_ms = now_ms
        leave = self._persona.hang_up
        if leave and leave.at_s is not None:
            self._hang_up_at = now_ms + round(leave.at_s * 1000)

    def cue(self, now_ms: int, cue: Cue) -> None:
        """The interview reached a stage."""
        match cue:
            case PromptStartedCue():
                self._running = cue.prompt_id
                self._given = None
                self._move.kinds.add(cue.kind)
                self._move.question = cue.question or self._move.question
                self._watch(now_ms, cue)
            case PromptEndedCue():
                if self._running == cue.prompt_id:
                    self._running = None
                for over in self._all_overs():
                    if over.prompt_id == cue.prompt_id:
                        over.prompt_id = over.heard_ms = None
            case TurnGivenCue(question="pick_up"):
                pass  # that we wait for a 喂 is nothing a candidate can know
            case TurnGivenCue():
                self._given, self._given_ms = cue, now_ms
            case InterruptedCue():
                pass  # for the measurements

    def step(self, now_ms: int, active: bool) -> Action | None:
        """One frame has been heard, `active` if our voice was in it. What to do now, if anything."""
        self._ear.frame(now_ms, active)
        if self._ended or self._answered_ms is None:
            return None
        if self._leaves(now_ms):
            self._ended = True
            return End()
        if now_ms < self._speaking_until:
            return None
        return self._speak_over(now_ms, active) or self._greet(now_ms) or self._answer(now_ms)

    # ---- speaking over us -------------------------------------------------------------------------------------------

    def _all_overs(self) -> list[_Over]:
        return [*self._overs, self._leave_during] if self._leave_during else self._overs

    def _watch(self, now_ms: int, cue: PromptStartedCue) -> None:
        """Take aim at this prompt with the first line of each kind that fits it."""
        aimed: set[str] = set()
        for over in self._all_overs():
            during = over.line.during
            fits = during in {ANY, cue.kind, cue.prompt_id} or (during == cue.question and cue.kind not in ASIDES)
            if over.used or over.kind in aimed or not fits:
                continue
            aimed.add(over.kind)
            over.prompt_id, over.cued_ms = cue.prompt_id, now_ms
            # Prompts that follow each other without a gap: the cue is all there is to tell them apart.
            over.heard_ms = None if self._ear.quiet(now_ms) else now_ms

    def _due(self, over: _Over, now_ms: int, active: bool) -> bool:
        if over.used or over.prompt_id is None:
            return False
        if over.heard_ms is None and active:
            over.heard_ms = now_ms
        return over.heard_ms is not None and now_ms >= over.heard_ms + over.line.at_ms

    def _speak_over(self, now_ms: int, active: bool) -> Say | None:
        for over in self._overs:
            if self._due(over, now_ms, active):
                over.used = True
                if over.kind == "interrupt":
                    self._move, self._given = _Move(), None
                return self._say(now_ms, over.key, over.kind)
        return None

    # ---- taking turns -----------------------------------------------------------------------------------------------

    def _greet(self, now_ms: int) -> Action | None:
        """喂 after picking up, unless we spoke first."""
        if self._ear.last_ms is not None or self._given is not None or self._answered_ms is None:
            return None
        for key, turn in self._turns.items():
            if turn.when == "greeting" and key not in self._used:
                due = now_ms >= self._answered_ms + turn.after_ms
                return self._take(now_ms, key, turn, "greeting") if due else None
            if key in self._used and turn.when == "greeting":
                return None
        return None

    def _answer(self, now_ms: int) -> Action | None:
        given = self._given
        if given is None or not self._ear.quiet(now_ms):
            return None
        since = max(self._ear.last_ms or 0, self._answered_ms or 0)
        if self._ear.last_ms is None:
            since = max(since, self._given_ms)  # a turn given without a sound
        for key, turn in self._turns.items():
            if key not in self._used and self._fits(turn, given):
                return self._take(now_ms, key, turn, given.question) if now_ms >= since + turn.after_ms else None
        if not self._persona.polite or now_ms < since + 500:
            return None
        return self._be_polite(now_ms, given)

    def _fits(self, turn: Turn, given: TurnGivenCue) -> bool:
        kinds = {*self._move.kinds, given.after}
        if given.question is not None:
            kinds -= MANNERS.keys()  # a greeting that ends in another question asks that question
        return turn.when in {ANY, given.question} or turn.when in kinds

    def _be_polite(self, now_ms: int, given: TurnGivenCue) -> Action | None:
        """No turn fits: the obvious answer, or the same answer again."""
        question = given.question or next((name for name in MANNERS if name in self._move.kinds), OTHER)
        if question in self._last_line:
            if self._repeated.get(question, 0) >= REPEATS:
                return None
            self._repeated[question] = self._repeated.get(question, 0) + 1
            return self._turn_taken(now_ms, self._last_line[question], question)
        key = f"manners.{question if question in MANNERS else OTHER}"
        return self._turn_taken(now_ms, key, question) if key in self._durations else None

    def _take(self, now_ms: int, key: str, turn: Turn, question: str | None) -> Action:
        self._used.add(key)
        if turn.press:
            self._move, self._given = _Move(), None
            self._after_line(now_ms, question)
            return Press(turn.press, question)
        return self._turn_taken(now_ms, key, question)

    def _turn_taken(self, now_ms: int, key: str, question: str | None) -> Say:
        said = self._say(now_ms, key, "turn", question)
        if question is not None:
            self._last_line[question] = key
        leave = self._persona.hang_up
        if leave and leave.answering and leave.answering == question:
            self._hang_up_at = now_ms + leave.at_ms
        self._after_line(self._speaking_until, question)
        self._move, self._given = _Move(), None
        return said

    def _say(self, now_ms: int, key: str, kind: str, question: str | None = None) -> Say:
        self._speaking_until = now_ms + self._durations[key]
        return Say(key, kind, question)

    # ---- leaving ----------------------------------------------------------------------------------------------------

    def _after_line(self, end_ms: int, question: str | None) -> None:
        leave = self._persona.hang_up
        if not leave or leave.after is None or leave.after != question:
            return
        if question == "closing":
            self._goodbye_since = end_ms
        elif self._hang_up_at is None:
            self._hang_up_at = end_ms + AFTER_LINE_MS

    def _leaves(self, now_ms: int) -> bool:
        if self._hang_up_at is not None and now_ms >= self._hang_up_at:
            return True
        over = self._leave_during
        if over is not None and self._due(over, now_ms, not self._ear.quiet(now_ms)):
            return True
        return self._goodbye_heard(now_ms)

    def _goodbye_heard(self, now_ms: int) -> bool:
        """After the last answer to `closing`: we spoke, and are silent again."""
        leave, since, ear = self._persona.hang_up, self._goodbye_since, self._ear
        if leave and leave.after == "closing" and since is None and self._given and self._given.question == "closing":
            # Nothing to say to the closing question: it was heard, that is enough.
            no_line = not any(key not in self._used and self._fits(turn, self._given) for key, turn in self._turns.items())
            return no_line and not self._persona.polite and ear.quiet(now_ms, GOODBYE_QUIET_MS)
        if since is None or self._given is not None or self._running is not None or ear.last_ms is None:
            return False
        return ear.last_ms > since and ear.quiet(now_ms, GOODBYE_QUIET_MS)
