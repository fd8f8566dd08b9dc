"""One call's conversation: text in, what to say next out. Pure: no audio, no I/O, and the caller passes the time.

dialogue = Dialogue(pack, understander, brief, call_id="c-1", now=lambda: datetime.now(UTC))
reply = dialogue.begin()
while reply.expects is not None:
    reply = dialogue.hear(heard)        # or dialogue.silence()
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agi_app.dialogue import policy
from agi_app.dialogue.amounts import likely_phrases
from agi_app.dialogue.answers import Answerer
from agi_app.dialogue.conditions import View
from agi_app.dialogue.facts import read_facts
from agi_app.dialogue.forecast import expected_prompts, likely_next
from agi_app.dialogue.hearing import heard_shares, interpret_key
from agi_app.dialogue.hold import hold_left_ms
from agi_app.dialogue.mood import CALM, Mood, MoodReader, MoodUse, Voice
from agi_app.dialogue.pack.schema import Pack, Question
from agi_app.dialogue.redaction import redact
from agi_app.dialogue.reply import Expectation, Prompt, PromptKind, Reply
from agi_app.dialogue.script import interview_for, personalised, plan
from agi_app.dialogue.state import CONFIRMING, State
from agi_app.dialogue.turn import Desk, Limits, Turn
from agi_app.dialogue.understanding import Heard, Intent, Understander, Understanding
from agi_app.dialogue.wording import Wording
from hr_sync.records import CallBrief, Disposition, Doubt, Interest

UNDERSTANDABLE = 0.5
"""Share of a question from which on one knows what is being asked."""
CONFIRMATION = "confirmation"
"""The question the understanding is told while a value is being confirmed."""
_CHATTER = {PromptKind.ACKNOWLEDGEMENT, PromptKind.REPAIR}
"""Not said again when the candidate asks for a repetition."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a conversation has led to so far; final once it is over."""

    disposition: Disposition
    interest: Interest
    slots: dict[str, Any]
    doubts: tuple[Doubt, ...]
    questions_asked: tuple[str, ...]
    requests: dict[str, Any]
    """material, human, callback, talent_pool to their details."""
    recording_consent: bool


class Dialogue:
    """The conversation of one call.

    Args:
        pack: the language pack.
        understander: words to meaning.
        brief: whom we call, about what.
        call_id: decides between variants of wording, so that a call can be replayed.
        now: the time, with an offset; relative dates count from it, in the candidate's time zone.
        limits: bounds of the conversation.
        suggestions: somebody proposes follow-up questions (see `Reply.suggestion`); otherwise the pack's rules alone do.
        moods: whether the candidate's mood may shape how we talk; by default it may.

    Raises:
        PackError: the job names an interview script that the pack does not have.
    """

    def __init__(
        self,
        pack: Pack,
        understander: Understander,
        brief: CallBrief,
        *,
        call_id: str,
        now: Callable[[], datetime],
        limits: Limits | None = None,
        moods: MoodUse | None = None,
        suggestions: bool = False,
    ) -> None:
        self._understander = understander
        self._kinds = pack.question_kinds
        self._zone = ZoneInfo(brief.candidate.time_zone)
        self._clock = now
        interview = interview_for(pack, brief)
        personalise = personalised(interview, brief)
        facts = read_facts(brief, pack.terms, self._now(), personalise=personalise)
        view = View(brief, facts, personalise)
        wording = Wording(pack, interview, facts, call_id, vary=personalise)
        self._desk = Desk(
            pack, interview, view, wording, Answerer(pack, view, wording), limits or Limits(), self._now(), call_id, suggestions
        )
        self.moods = moods or MoodUse()
        """What of the candidate's mood may be used."""
        self._mood_reader = MoodReader(pack.mood)
        questions = plan(interview, view)
        self._state = State(
            plan=deque((interview.consent, interview.pitch, *questions, interview.closing)),
            script={*(question.id for question in interview.all_questions), *(rule.id for rule in pack.follow_ups)},
        )
        self._expects: Expectation | None = None
        self.last_understanding: Understanding | None = None
        """What the last utterance meant, for the live view."""

    @property
    def over(self) -> bool:
        """Nothing more will be said."""
        return self._state.disposition is not None

    @property
    def expects(self) -> Expectation | None:
        """What is awaited now."""
        return self._expects

    def resume(self, slots: Mapping[str, Any], asked: Collection[str], interest: Interest = Interest.UNDETERMINED) -> None:
        """Go on with the interview of earlier calls; call it before `begin`. What was answered is not asked again.

        Args:
            slots: answers of the earlier calls.
            asked: ids of the questions asked there.
            interest: as it was then; when it is known, the job is not presented again.
        """
        state = self._state
        state.slots.update({name: value for name, value in slots.items() if name != "callback_time"})
        state.interest = interest
        always = {state.plan[0].id, state.plan[-1].id}  # consent is asked in every call, and the closing ends it

        def open_still(question: Question) -> bool:
            if question.id in always:
                return True
            if question.id == "pitch":
                return interest is Interest.UNDETERMINED
            return question.fills not in slots if question.fills else question.id not in asked

        state.plan = deque(question for question in state.plan if open_still(question))

    def begin(self, heard: Heard | None = None) -> Reply:
        """Greet. `heard` is what the candidate said on picking up, when it was heard before we spoke."""
        turn = self._turn()
        if heard is not None and heard.text:
            self._state.heard_anything = True
        policy.open_call(turn)
        return self._reply(turn)

    def understand(self, heard: Heard) -> Understanding:
        """What an utterance means for the open question, without reacting to it; `complete` tells whether to wait on."""
        opened = self._state.current
        if heard.key is not None and opened is not None:
            return interpret_key(heard.key, opened, self._desk.view.brief.job)
        if opened is None or opened.stage not in CONFIRMING:
            return self._understander.understand(heard, question=self._question, now=self._now())
        return self._understand_confirmation(heard)

    def _understand_confirmation(self, heard: Heard) -> Understanding:
        """Yes or no, or the value put right: 不对，是一万五."""
        now, question = self._now(), self._question
        verdict = self._understander.understand(heard, question=CONFIRMATION, now=now)
        value = self._understander.understand(heard, question=question, now=now)
        if question not in value.slots:
            return replace(verdict, question=question)
        intents = tuple(dict.fromkeys((*verdict.intents, Intent.PROVIDE)))
        intents = tuple(intent for intent in intents if intent is not Intent.OTHER)
        return replace(value, intent=intents[0], also=intents[1:])

    def is_backchannel(self, text: str) -> bool:
        """Whether a text is nothing but 嗯, 好的, 是吗: said over our voice it takes no turn."""
        return self._understander.is_backchannel(text)

    def read_mood(
        self, heard: Heard, understanding: Understanding | None = None, *, overlap_ms: int = 0, voice: Voice | None = None
    ) -> Mood:
        """How the candidate seems to feel after an utterance that is then passed to `hear`; calm where moods are not to be used.

        Args:
            heard: what was said, and how long it took to begin.
            understanding: what it meant, where that is known already.
            overlap_ms: how long it was spoken into our prompt.
            voice: how it was spoken, where that may be used.
        """
        if not self.moods.enabled or heard.key is not None:
            return CALM
        opened = self._state.current
        tells = opened is not None and opened.question.answer == "open"
        intents = understanding.intents if understanding else ()
        return self._mood_reader.read(heard, open_question=tells, intents=intents, overlap_ms=overlap_ms, voice=voice)

    def hear(self, heard: Heard, mood: Mood | None = None, understanding: Understanding | None = None) -> Reply:
        """React to an utterance, or to a key.

        Args:
            heard: what was said.
            mood: what `read_mood` said of this very utterance; None: read it now.
            understanding: what `understand` made of this very utterance for the question that is still open; None: find out.
        """
        if self.over:
            return Reply((), None, disposition=self._state.disposition, reason="over")
        self.last_understanding = understanding or self.understand(heard)
        turn = self._turn(heard, self.last_understanding, mood or self.read_mood(heard, self.last_understanding))
        policy.hear(turn)
        return self._reply(turn)

    def follow_up(self, suggestion: str | None = None) -> Reply:
        """Go on after a reply that asked for a suggestion.

        Args:
            suggestion: a follow-up question that passed `suggestion.refusal`; None: the pack's rules decide.
        """
        turn = self._turn(self._state.answer, self.last_understanding, self._mood_reader.mood)
        if not self.over:
            policy.follow_up(turn, suggestion)
        return self._reply(turn)

    def foresee(self, heard: Heard, understanding: Understanding) -> tuple[Prompt, ...]:
        """What `hear` would say to this utterance, should it end here; nothing changes. For preparing the sound of it.

        Nothing before the first move, and when all is said.
        """
        if self._state.current is None or self.over:
            return ()
        used = self._desk.wording.used
        kept = self._state, self._expects, self.last_understanding, used.copy()
        self._state = self._state.twin()
        try:
            return self.hear(heard, self._mood_reader.mood, understanding).prompts
        finally:
            self._state, self._expects, self.last_understanding, said = kept
            used.clear()
            used.update(said)

    def silence(self) -> Reply:
        """React to nothing having been said within `expects.silence_ms`."""
        if self.over:
            return Reply((), None, disposition=self._state.disposition, reason="over")
        turn = self._turn(mood=self._mood_reader.mood)
        policy.silence(turn)
        return self._reply(turn)

    def wrap_up(self) -> Reply:
        """End politely now, because the call has become too long or the system stops."""
        turn = self._turn()
        if not self.over:
            policy.wrap_up(turn)
        return self._reply(turn)

    def interrupted(self, heard_text: str) -> None:
        """The last move was cut: this much of all its prompts together was heard. What is necessary is said again first."""
        said = self._state.said
        shares = heard_shares(said, heard_text)
        self._state.unheard = [prompt for prompt, share in zip(said, shares, strict=True) if share < 1 and not prompt.interruptible]
        self._state.question_heard = bool(shares) and shares[-1] >= UNDERSTANDABLE

    def storable(self, text: str) -> str:
        """The candidate's words as they may be stored: protected matters are left out."""
        return redact(text, self._desk.pack.protected)

    def hang_up(self) -> Outcome:
        """The line ended; what is known now is the outcome."""
        if self._state.disposition is None:
            self._state.disposition = self._cut_off()
        self._expects = None
        return self.outcome()

    def outcome(self) -> Outcome:
        """What is known so far."""
        state = self._state
        return Outcome(
            disposition=state.disposition or self._cut_off(),
            interest=state.interest,
            slots=dict(state.slots),
            doubts=tuple(state.doubts),
            questions_asked=tuple(state.asked),
            requests=dict(state.requests),
            recording_consent=bool(state.consent),
        )

    def hints(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """For the recogniser: sentences or words to expect now, and short closed answers to score against the sound."""
        question, opened = self._question or "greeting", self._state.current  # before we spoke they pick up
        confirming = opened is not None and opened.stage in CONFIRMING
        closed = self._understander.closed_answers(CONFIRMATION if confirming else question)
        if opened is not None and opened.question.fills == "expected_pay" and not confirming:
            closed = likely_phrases(self._desk.view.brief.job, self._desk.pack.expected.amounts)
        expected = self._desk.pack.expected.sentences(question, self._kinds.get(question))
        return expected or self._understander.vocabulary(question), closed

    def prompts(self) -> tuple[str, ...]:
        """Texts this call will surely or very probably need, in the order of need, to be synthesised before it is dialled."""
        return expected_prompts(self._desk, self._state)

    def _cut_off(self) -> Disposition:
        if self._state.if_cut_off is not None:
            return self._state.if_cut_off
        current = self._state.current
        return Disposition.COMPLETED if current is not None and current.question.id == "closing" else Disposition.PARTIAL

    @property
    def _question(self) -> str | None:
        return self._expects.question if self._expects else None

    def _now(self) -> datetime:
        return self._clock().astimezone(self._zone)

    def _turn(self, heard: Heard | None = None, understanding: Understanding | None = None, mood: Mood = CALM) -> Turn:
        self._state.moves += 1
        alike = not self._desk.view.personalise  # where everyone hears the same, no mood changes it
        return Turn(self._desk, self._state, self._now(), heard or Heard(()), understanding, CALM if alike else mood)

    def _reply(self, turn: Turn) -> Reply:
        state = self._state
        if state.disposition is None and state.unheard:
            turn.prompts[:0] = [prompt for prompt in state.unheard if prompt not in turn.prompts]
        state.unheard = []
        state.question_heard = True
        state.said = tuple(turn.prompts)
        state.content = tuple(prompt for prompt in turn.prompts if prompt.kind not in _CHATTER) or state.content
        opened = state.current
        self._expects = None
        if opened is not None and state.disposition is None:
            question = opened.question
            kind = turn.prompts[-1].kind if turn.prompts else opened.kind
            hold_ms = hold_left_ms(turn)
            self._expects = Expectation(
                question.id,
                kind,
                question.patience_ms,
                hold_ms or question.silence_ms,
                keys=bool(question.keys) or opened.stage in CONFIRMING,
                hold_ms=hold_ms,
            )
        return Reply(
            tuple(turn.prompts),
            self._expects,
            tuple(turn.learned),
            likely_next(self._desk, state) if self._expects else (),
            state.disposition,
            turn.suggestion,
            "; ".join(turn.reasons),
        )


def prompts_for(pack: Pack, brief: CallBrief, *, call_id: str, now: datetime) -> tuple[str, ...]:
    """Texts a call will need, before it is placed. Raises PackError as `Dialogue` does."""
    return Dialogue(pack, _Deaf(), brief, call_id=call_id, now=lambda: now).prompts()


class _Deaf:
    """Understands nothing; for preparing a call."""

    def understand(self, heard: Heard, *, question: str | None, now: datetime) -> Understanding:
        return Understanding(question, heard.text, Intent.OTHER, 0.0)

    def is_backchannel(self, text: str) -> bool:
        return False

    def vocabulary(self, question: str | None) -> tuple[str, ...]:
        return ()

    def closed_answers(self, question: str | None) -> tuple[str, ...]:
        return ()
