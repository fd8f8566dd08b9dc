"""The recognitions of one call that are going on: started at a pause, forgotten when speech goes on, reported as verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from agi_app.audio.turn_values import Recognise, TurnOver, Verdict
from agi_app.dialogue.understanding import Heard, Understanding
from agi_app.errors import SpeechError
from agi_app.interview.hearing import Ear
from agi_app.interview.mind import Mind
from agi_app.interview.notes import CallNotes
from agi_app.interview.utterance import Utterance, joined, verdict, weighted
from agi_app.speech.asr.protocol import RecognitionHints
from agi_app.speech.tts.service import SpeechService
from agi_app.speech.worker import Priority, RecognitionService

_MEANWHILE = (Verdict.OPEN, Verdict.PLAIN, Verdict.INCOMPLETE)
"""After these we wait on for half a second and more: time to prepare an answer. A complete one is answered before that is done."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a recognition found."""

    piece: Heard
    """The words of its own span."""
    utterance: Utterance


class Recognitions:
    """Runs them, and tells the ear what they found.

    Args:
        group: where their tasks live; cancelled with the call.
        speech: prepares what we would answer.
        speaking: whether we are, so that a nod is no answer.
    """

    def __init__(
        self,
        *,
        ear: Ear,
        service: RecognitionService,
        speech: SpeechService,
        mind: Mind,
        notes: CallNotes,
        group: asyncio.TaskGroup,
        speaking: Callable[[], bool],
    ) -> None:
        self._ear = ear
        self._service = service
        self._speech = speech
        self._mind = mind
        self._notes = notes
        self._group = group
        self._speaking = speaking
        self._tasks: dict[int, asyncio.Task[_Known]] = {}

    def start(self, asked: Recognise) -> None:
        """Begin one."""
        self._tasks[asked.id] = self._group.create_task(self._run(asked))

    def forget(self, number: int) -> None:
        """Its span was not the end: drop it. One that has begun in the model cannot be stopped; its result is dropped."""
        if task := self._tasks.pop(number, None):
            task.cancel()
            self._notes.metrics.forgotten += 1

    def __contains__(self, number: int) -> bool:
        return number in self._tasks

    async def of(self, over: TurnOver) -> Utterance:
        """The words of a turn that is over, placed in the call. Earlier recognitions are of no use any more."""
        known = await self._tasks[over.id]
        self._tasks = {number: task for number, task in self._tasks.items() if number > over.id}
        return known.utterance.at(self._ear.milliseconds(over.span.start), self._ear.milliseconds(over.span.end))

    def cancel(self) -> None:
        """The call is over."""
        for task in self._tasks.values():
            task.cancel()

    async def _run(self, asked: Recognise) -> _Known:
        loop = asyncio.get_running_loop()
        began = loop.time()
        move = self._mind.move
        heard = await self._heard(asked)
        recognised = loop.time()
        earlier = [(await self._tasks[number]).piece for number in asked.before]
        whole = joined(earlier, heard)
        understanding, nod = await self._mind.consider(whole)
        found = verdict(whole, understanding, nod=nod and self._speaking(), opening=move == 0)
        self._ear.recognised(asked.id, found)
        if found in _MEANWHILE and not self._speaking():
            self._group.create_task(self._prepare(whole, understanding, move))
        stages = {"recognition": 1000 * (recognised - began), "understanding": 1000 * (loop.time() - recognised)}
        return _Known(heard, Utterance(whole, understanding=understanding, move=move, stages_ms=stages))

    async def _prepare(self, heard: Heard, understanding: Understanding, move: int) -> None:
        """While we wait whether more is said, make the sound of what we would say."""
        for prompt in await self._mind.foresee(heard, understanding, move):
            await self._speech.warm((prompt.text,), rate=prompt.rate, priority=Priority.AHEAD)

    async def _heard(self, asked: Recognise) -> Heard:
        words, phrases = self._mind.hints()
        hints = RecognitionHints(words=words, phrases=phrases)
        try:
            recognition = await self._service.recognise(self._ear.audio(asked.span), hints)
        except SpeechError as error:
            self._notes.trouble("recognition_failed", error)
            return Heard(hypotheses=(), confidence=0.0)
        return Heard(
            hypotheses=weighted(recognition.alternatives),
            closed=weighted(recognition.closed),
            confidence=recognition.confidence,
        )
