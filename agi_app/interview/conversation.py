"""The talk itself: says what the dialogue wants said, listens, recognises, and gives way when the candidate speaks.

One inbox drives it. The ear puts turn-taking actions into it, the line its keys, our voice its ends; this loop is the only place
that acts on them, so the order of things is the order of the inbox.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass

from agi_app.audio.turn_values import Forget, Recognise, SilenceOver, TurnOver
from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.reply import Expectation, Prompt, PromptKind, Reply
from agi_app.dialogue.understanding import Heard, Intent
from agi_app.errors import MediaError, SpeechError, SynthesisError
from agi_app.interview.events import CandidateSpoke, Replied, TurnGiven
from agi_app.interview.hearing import Ear, Key, LineEnded, Signal
from agi_app.interview.mind import Mind
from agi_app.interview.mood import MoodTracker
from agi_app.interview.notes import CallNotes
from agi_app.interview.recognitions import Recognitions
from agi_app.interview.recording import OnConsent
from agi_app.interview.speaking import Mouth
from agi_app.interview.suggestions import SuggestionService, carry_out
from agi_app.interview.utterance import Utterance
from agi_app.speech.tts.service import SpeechService
from agi_app.speech.worker import RecognitionService
from agi_app.telephony.media.channel import MediaChannel
from hr_sync.records import Speaker, Turn


@dataclass(frozen=True, slots=True)
class Services:
    """The shared parts a conversation works with."""

    recognition: RecognitionService
    speech: SpeechService
    mind: Executor
    """Threads the dialogue thinks in: understanding takes tens of milliseconds."""
    suggestions: SuggestionService | None = None
    """Proposes follow-up questions, where a language model is configured."""


class _HungUpError(Exception):
    """The line ended while we listened."""


@dataclass(slots=True)
class _Reaction:
    """Where the time between the candidate's last sound and our first goes; loop times."""

    speech_ended: float
    turn_over: float
    stages_ms: dict[str, float]
    dialogue_done: float = 0.0


class Conversation:
    """Talks with one candidate from the answer to the goodbye.

    Args:
        ear: already running.
        media: the line, for our voice.
        dialogue: what to say.
        greeting_wait_ms: how long the candidate's 喂 is waited for before we speak.
        longest_ms: after this much of the call it is ended politely at the next turn.
        on_consent: told at once when the candidate agrees or objects to the recording.
    """

    def __init__(
        self,
        *,
        ear: Ear,
        media: MediaChannel,
        dialogue: Dialogue,
        services: Services,
        notes: CallNotes,
        greeting_wait_ms: int,
        longest_ms: int,
        on_consent: OnConsent,
    ) -> None:
        self._ear = ear
        self._media = media
        self._dialogue = dialogue
        self._services = services
        self._notes = notes
        self._mind = Mind(dialogue, services.mind)
        self._mood = MoodTracker(dialogue, ear.audio, media.rate, notes)
        self._greeting_wait_ms = greeting_wait_ms
        self._call_id = notes.call_id
        self._early: list[TurnOver | Key] = []
        """Turns that ended while we were about to speak."""
        self._line_ended = False
        self._question: str | None = None
        self._performing = False
        """From a move's first prompt to its last."""
        self._heard_of_us = ""
        """What the candidate heard of the present move."""
        self._reaction: _Reaction | None = None
        self._longest_ms = longest_ms
        self._on_consent = on_consent
        self.last_reason = ""
        """Why the last move was made."""

    async def run(self) -> None:
        """Hold the conversation, to its end or the line's.

        Raises SpeechError when nothing can be said any more, MediaError when the line ended while we spoke.
        """
        async with asyncio.TaskGroup() as group:
            self._recognitions = Recognitions(
                ear=self._ear,
                service=self._services.recognition,
                speech=self._services.speech,
                mind=self._mind,
                notes=self._notes,
                group=group,
                speaking=lambda: self._performing,
            )
            self._mouth = Mouth(
                ear=self._ear,
                media=self._media,
                speech=self._services.speech,
                notes=self._notes,
                group=group,
                on_first_audio=self._account,
                on_other=self._meanwhile,
            )
            try:
                await self._talk()
            except _HungUpError:
                await self._last_words()
            except MediaError:
                await self._last_words()
                raise
            finally:
                self._recognitions.cancel()

    async def _talk(self) -> None:
        first = await self._await_turn(
            Expectation(question="pick_up", prompt_kind=PromptKind.GREETING, silence_ms=self._greeting_wait_ms)
        )
        reply = await self._mind.decide(self._dialogue.begin, first.heard if first and first.heard.text else None)
        self._thought()
        await self._perform(reply)
        while reply.expects is not None:
            utterance = await self._await_turn(reply.expects)
            reply = await self._answer(utterance)
            reply = await carry_out(reply, self._perform, self._go_on, self._services.suggestions, self._notes)

    async def _last_words(self) -> None:
        """The line is gone. What the candidate said last is written down, and understood unless it broke off in the middle."""
        if not self._media.closed.is_set():
            return  # it is not the line that failed
        while not self._line_ended:
            match await self._ear.inbox.get():
                case TurnOver() as over:
                    self._early.append(over)
                case signal:
                    self._meanwhile(signal)
        if self._dialogue.expects is None and not self._dialogue.over:
            await self._mind.decide(self._dialogue.begin)  # we had not said a word
        for last in [signal for signal in self._early if isinstance(signal, TurnOver) and signal.id in self._recognitions]:
            utterance = await self._utterance(last)
            meaning, _ = await self._mind.consider(utterance.heard)
            if not last.cut or Intent.STOP_CALLING in meaning.intents:
                await self._learn(await self._answer(utterance))

    # ---- one move ---------------------------------------------------------------------------------------------------

    async def _perform(self, reply: Reply) -> None:
        """Say a move's prompts until all are said or the candidate takes the word."""
        await self._learn(reply)
        self._question = reply.expects.question if reply.expects else None
        self.last_reason = reply.reason
        self._heard_of_us = ""
        if reply.warm:
            self._services.speech.warm_soon(reply.warm)
        self._performing = bool(reply.prompts)
        try:
            await self._say_all(reply.prompts)
        finally:
            self._performing = False

    async def _say_all(self, prompts: tuple[Prompt, ...]) -> None:
        unsaid: list[Prompt] = []
        for prompt in prompts:
            try:
                if not await self._say(prompt):
                    self._dialogue.interrupted(self._heard_of_us)
                    return
            except SynthesisError as error:
                self._notes.trouble("prompt_not_spoken", error)
                if not prompt.interruptible:
                    raise  # nobody agrees to what was never said
                unsaid.append(prompt)
        if unsaid and len(unsaid) == len(prompts):
            raise SpeechError("nothing of this move could be spoken", where=f"call {self._call_id}", remedy="see: hireline doctor")
        if unsaid and unsaid[-1] is prompts[-1]:
            self._dialogue.interrupted(self._heard_of_us)

    async def _say(self, prompt: Prompt) -> bool:
        """Say one prompt as soon as nobody else speaks; False when the candidate took the word."""
        while not self._early and self._ear.candidate_speaking and not self._line_ended:
            self._meanwhile(await self._ear.inbox.get())
        if self._early:
            return False
        said = await self._mouth.say(prompt, self._question)
        self._heard_of_us += said.text
        return said.whole

    async def _learn(self, reply: Reply) -> None:
        for item in reply.learned:
            self._notes.learned(item)
            if item.name == "consent":
                await self._on_consent(agreed=bool(item.value))

    async def _answer(self, utterance: Utterance | None) -> Reply:
        if self._ear.now_ms() > self._longest_ms:
            self._notes.trouble("call_too_long")
            return await self._mind.decide(self._dialogue.wrap_up)
        if utterance is None:
            return await self._mind.decide(self._dialogue.silence)
        reply = await self._mind.decide(self._react, utterance)
        understood = self._dialogue.last_understanding
        if utterance.heard.key is None:
            self._notes.publish(
                CandidateSpoke(
                    self._call_id,
                    utterance.heard.text,
                    utterance.heard.confidence,
                    understood.as_json() if understood else {},
                    utterance.start_ms,
                    utterance.end_ms,
                )
            )
        self._thought()
        return reply

    def _react(self, utterance: Utterance) -> Reply:
        """The move that answers an utterance; runs in a thread."""
        known = utterance.understanding if utterance.move == self._mind.move - 1 else None
        mood = self._mood.hear(utterance.heard, utterance.start_ms, utterance.end_ms, known)
        return self._dialogue.hear(utterance.heard, mood, known)

    async def _go_on(self, suggestion: str | None) -> Reply:
        return await self._mind.decide(self._dialogue.follow_up, suggestion)

    def _thought(self) -> None:
        if self._reaction is not None:
            self._reaction.dialogue_done = _now()

    def _account(self, first_audio: float) -> None:
        """The reply's first sound left."""
        reaction, self._reaction = self._reaction, None
        if reaction is None:
            return
        stages = {
            "endpoint": 1000 * (reaction.turn_over - reaction.speech_ended),
            **reaction.stages_ms,
            "dialogue": 1000 * (reaction.dialogue_done - reaction.turn_over),
            "speech": 1000 * (first_audio - reaction.dialogue_done),
        }
        total = 1000 * (first_audio - reaction.speech_ended)
        self._notes.metrics.replied(total, stages)
        self._notes.publish(Replied(self._call_id, self.last_reason, total, stages))

    # ---- listening --------------------------------------------------------------------------------------------------

    async def _await_turn(self, expects: Expectation) -> Utterance | None:
        """Wait for the candidate's words or keys; None when nothing was said in time."""
        self._ear.expect(silence_ms=expects.silence_ms, patience_ms=expects.patience_ms)
        self._notes.publish(TurnGiven(self._call_id, expects.question, str(expects.prompt_kind)))
        while True:
            if self._line_ended:
                raise _HungUpError
            signal = self._early.pop(0) if self._early else await self._ear.inbox.get()
            match signal:
                case TurnOver(cut=True):
                    self._early.append(signal)
                    raise _HungUpError
                case TurnOver():
                    return await self._utterance(signal)
                case Key(key=key) if expects.keys:
                    at = self._ear.now_ms()
                    self._reaction = None
                    return Utterance(Heard(hypotheses=(), key=key), at, at)
                case SilenceOver():
                    self._reaction = None
                    return None
                case Key():
                    pass  # no key is an answer here
                case _:
                    self._meanwhile(signal)

    async def _utterance(self, over: TurnOver) -> Utterance:
        utterance = await self._recognitions.of(over)
        self._reaction = _Reaction(self._ear.loop_time(over.span.end), _now(), utterance.stages_ms)
        if utterance.heard.text:
            self._notes.turn(
                Turn(
                    who=Speaker.CANDIDATE,
                    text=self._dialogue.storable(utterance.heard.text),
                    start_ms=utterance.start_ms,
                    end_ms=utterance.end_ms,
                    confidence=utterance.heard.confidence,
                    interrupted=over.cut,
                    question=self._question,
                )
            )
        return utterance

    def _meanwhile(self, signal: Signal) -> None:
        """A signal that nobody waits for just now: recognitions begin and end, early answers are kept."""
        match signal:
            case Recognise():
                self._recognitions.start(signal)
            case Forget(id=number):
                self._recognitions.forget(number)
            case TurnOver() | Key():
                self._early.append(signal)
            case LineEnded():
                self._line_ended = True
            case _:
                pass  # a pause, an end or a silence of a prompt that is over


def _now() -> float:
    return asyncio.get_running_loop().time()
