"""The talk itself: says what the dialogue wants said, listens, recognises, and gives way when the candidate speaks.

One inbox drives it. The ear puts turn-taking actions into it, the line its keys, our voice its ends; this loop is the only place
that acts on them, so the order of things is the order of the inbox.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from agi_app.audio.turn import Forget, PausePrompt, Recognise, ResumePrompt, SilenceOver, StopPrompt, TurnOver
from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.reply import Expectation, Prompt, PromptKind, Reply
from agi_app.dialogue.understanding import Heard, Intent
from agi_app.errors import MediaError, SpeechError, SynthesisError
from agi_app.interview.events import CandidateSpoke, Interrupted, PromptEnded, PromptStarted, Replied, TurnGiven
from agi_app.interview.hearing import Ear, Key, LineEnded, PlaybackDone, Signal
from agi_app.interview.mood import MoodTracker
from agi_app.interview.notes import CallNotes
from agi_app.interview.recording import OnConsent
from agi_app.interview.suggestions import SuggestionService, carry_out
from agi_app.interview.utterance import Counted, Utterance, heard_part, joined, verdict, weighted
from agi_app.speech.asr.protocol import RecognitionHints
from agi_app.speech.tts.service import SpeechService
from agi_app.speech.worker import RecognitionService
from agi_app.telephony.media.channel import MediaChannel
from agi_app.telephony.media.playback import Playback
from hr_sync.records import Speaker, Turn

P = ParamSpec("P")
T = TypeVar("T")


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
    recognition_ms: float
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
        self._mood = MoodTracker(dialogue, ear.audio, media.rate, notes)
        self._greeting_wait_ms = greeting_wait_ms
        self._call_id = notes.call_id
        self._serials = itertools.count(1)
        self._recognitions: dict[int, asyncio.Task[Utterance]] = {}
        self._early: list[TurnOver | Key] = []
        """Turns that ended while we were about to speak."""
        self._line_ended = False
        self._question: str | None = None
        self._speaking = False
        self._heard_of_us = ""
        """What the candidate heard of the present move."""
        self._reaction: _Reaction | None = None
        self._thinking = asyncio.Lock()  # the dialogue's state belongs to one thread at a time
        self._longest_ms = longest_ms
        self._on_consent = on_consent
        self.last_reason = ""
        """Why the last move was made."""

    async def run(self) -> None:
        """Hold the conversation, to its end or the line's.

        Raises SpeechError when nothing can be said any more, MediaError when the line ended while we spoke.
        """
        async with asyncio.TaskGroup() as self._group:
            try:
                await self._talk()
            except _HungUpError:
                await self._last_words()
            except MediaError:
                await self._last_words()
                raise
            finally:
                for task in self._recognitions.values():
                    task.cancel()

    async def _talk(self) -> None:
        first = await self._await_turn(
            Expectation(question="pick_up", prompt_kind=PromptKind.GREETING, silence_ms=self._greeting_wait_ms)
        )
        reply = await self._think(self._dialogue.begin, first.heard if first and first.heard.text else None)
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
                    self._recognition_signal(signal)
        if self._dialogue.expects is None and not self._dialogue.over:
            await self._think(self._dialogue.begin)  # we had not said a word
        for last in [signal for signal in self._early if isinstance(signal, TurnOver) and signal.id in self._recognitions]:
            utterance = await self._utterance(last)
            meaning = await self._think(self._dialogue.understand, utterance.heard)
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
        unsaid: list[Prompt] = []
        for prompt in reply.prompts:
            try:
                if not await self._say(prompt, reply.reason):
                    return
            except SynthesisError as error:
                self._notes.trouble("prompt_not_spoken", error)
                if not prompt.interruptible:
                    raise  # nobody agrees to what was never said
                unsaid.append(prompt)
        if unsaid and len(unsaid) == len(reply.prompts):
            raise SpeechError("nothing of this move could be spoken", where=f"call {self._call_id}", remedy="see: hireline doctor")
        if unsaid and unsaid[-1] is reply.prompts[-1]:
            self._dialogue.interrupted(self._heard_of_us)

    async def _learn(self, reply: Reply) -> None:
        for item in reply.learned:
            self._notes.learned(item)
            if item.name == "consent":
                await self._on_consent(agreed=bool(item.value))

    async def _answer(self, utterance: Utterance | None) -> Reply:
        if self._ear.now_ms() > self._longest_ms:
            self._notes.trouble("call_too_long")
            return await self._think(self._dialogue.wrap_up)
        if utterance is None:
            return await self._think(self._dialogue.silence)
        mood = await self._think(self._mood.hear, utterance.heard, utterance.start_ms, utterance.end_ms)
        reply = await self._think(self._dialogue.hear, utterance.heard, mood)
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

    async def _go_on(self, suggestion: str | None) -> Reply:
        return await self._think(self._dialogue.follow_up, suggestion)

    def _thought(self) -> None:
        if self._reaction is not None:
            self._reaction.dialogue_done = _now()

    async def _think(self, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._thinking:
            return await asyncio.get_running_loop().run_in_executor(self._services.mind, lambda: operation(*args, **kwargs))

    # ---- speaking ---------------------------------------------------------------------------------------------------

    async def _say(self, prompt: Prompt, reason: str) -> bool:
        """Say one prompt; False when the candidate took the word."""
        if self._early or self._ear.candidate_speaking:
            self._dialogue.interrupted(self._heard_of_us)
            return False
        source = Counted(self._services.speech.stream(prompt.text, rate=prompt.rate))
        playback = self._media.play(source)
        self._speaking = True
        serial = next(self._serials)
        watcher = self._group.create_task(self._watch(playback, serial))
        start_ms = self._ear.now_ms()
        try:
            started = await playback.first_audio
            if started is not None:
                start_ms = self._ear.now_ms()
                self._ear.prompt_started(interruptible=prompt.interruptible)
                self._notes.publish(PromptStarted(self._call_id, prompt.id, str(prompt.kind), prompt.text, self._question))
                self._account(started, reason)
            finished = await self._until_said(prompt, playback, serial)
            end = await playback.wait()
        except asyncio.CancelledError:
            self._said(prompt, start_ms, playback.heard_ms(), source.bytes if source.complete else None)
            raise
        finally:
            watcher.cancel()
            self._speaking = False
        self._ear.prompt_ended()
        self._said(prompt, start_ms, end.heard_ms, source.bytes if source.complete else None, whole=end.finished)
        if end.error is not None:
            raise end.error
        if not finished:
            self._dialogue.interrupted(self._heard_of_us)
        return finished

    def _said(self, prompt: Prompt, start_ms: int, heard_ms: int, total_bytes: int | None, *, whole: bool = False) -> None:
        """A prompt is over: what was heard of it is part of the transcript."""
        total_ms = 1000 * total_bytes // (2 * self._media.rate) if total_bytes is not None else None
        text = prompt.text if whole else heard_part(prompt.text, heard_ms, total_ms)
        self._heard_of_us += text
        if text:
            self._notes.turn(
                Turn(
                    who=Speaker.SYSTEM,
                    text=text,
                    start_ms=start_ms,
                    end_ms=start_ms + heard_ms,
                    interrupted=text != prompt.text,
                    question=self._question,
                )
            )
        self._notes.publish(PromptEnded(self._call_id, prompt.id, str(prompt.kind), heard_ms, text != prompt.text))

    async def _watch(self, playback: Playback, serial: int) -> None:
        await playback.wait()
        self._ear.inbox.put_nowait(PlaybackDone(serial))

    async def _until_said(self, prompt: Prompt, playback: Playback, serial: int) -> bool:
        """Follow the inbox while a prompt plays; True when it was heard to its end."""
        while True:
            signal = await self._ear.inbox.get()
            match signal:
                case PlaybackDone(serial=done) if done == serial:
                    return True
                case PausePrompt():
                    await playback.pause()
                case ResumePrompt():
                    await playback.resume()
                    self._notes.metrics.false_stops += 1
                    self._notes.publish(Interrupted(self._call_id, prompt.id, stopped=False))
                case StopPrompt():
                    await playback.stop()
                    self._notes.metrics.interruptions += 1
                    self._notes.publish(Interrupted(self._call_id, prompt.id, stopped=True))
                    return False
                case TurnOver() | Key() if prompt.interruptible or isinstance(signal, TurnOver):
                    self._early.append(signal)
                    await playback.stop()
                    return False
                case _:
                    self._recognition_signal(signal)

    def _account(self, first_audio: float, reason: str) -> None:
        reaction, self._reaction = self._reaction, None
        if reaction is None:
            return
        stages = {
            "endpoint": 1000 * (reaction.turn_over - reaction.speech_ended),
            "recognition": reaction.recognition_ms,
            "dialogue": 1000 * (reaction.dialogue_done - reaction.turn_over),
            "speech": 1000 * (first_audio - reaction.dialogue_done),
        }
        total = 1000 * (first_audio - reaction.speech_ended)
        self._notes.metrics.replied(total, stages)
        self._notes.publish(Replied(self._call_id, reason, total, stages))

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
                case _:
                    self._recognition_signal(signal)

    async def _utterance(self, over: TurnOver) -> Utterance:
        utterance = await self._recognitions[over.id]
        self._recognitions = {number: task for number, task in self._recognitions.items() if number > over.id}
        self._reaction = _Reaction(self._ear.loop_time(over.span.end), _now(), utterance.recognition_ms)
        start, end = self._ear.milliseconds(over.span.start), self._ear.milliseconds(over.span.end)
        utterance = utterance.at(start, end)
        if utterance.heard.text:
            self._notes.turn(
                Turn(
                    who=Speaker.CANDIDATE,
                    text=self._dialogue.storable(utterance.heard.text),
                    start_ms=start,
                    end_ms=end,
                    confidence=utterance.heard.confidence,
                    interrupted=over.cut,
                    question=self._question,
                )
            )
        return utterance

    def _recognition_signal(self, signal: Signal) -> None:
        match signal:
            case Recognise(id=number, span=_):
                self._recognitions[number] = self._group.create_task(self._recognise(signal))
            case Forget(id=number):
                if task := self._recognitions.pop(number, None):
                    task.cancel()
            case LineEnded():
                self._line_ended = True
            case _:
                pass  # a pause, an end or a silence of a prompt that is over

    async def _recognise(self, asked: Recognise) -> Utterance:
        words, phrases = self._dialogue.hints()
        began = _now()
        try:
            recognition = await self._services.recognition.recognise(
                self._ear.audio(asked.span), RecognitionHints(words=words, phrases=phrases)
            )
        except SpeechError as error:
            self._notes.trouble("recognition_failed", error)
            heard = Heard(hypotheses=(), confidence=0.0)
        else:
            heard = Heard(
                hypotheses=weighted(recognition.alternatives),
                closed=weighted(recognition.closed),
                confidence=recognition.confidence,
            )
        earlier = [self._recognitions[number].result() for number in asked.before]
        whole = joined([each.piece or each.heard for each in earlier], heard)
        understanding = await self._think(self._dialogue.understand, whole)
        self._ear.recognised(asked.id, verdict(whole, understanding, over_prompt=self._speaking))
        return Utterance(whole, 0, 0, 1000 * (_now() - began), piece=heard)


def _now() -> float:
    return asyncio.get_running_loop().time()
