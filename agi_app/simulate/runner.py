"""Runs interviews with simulated candidates: real calls over SIP, each measured at its phone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import soundfile
import structlog

from agi_app.interview.events import Interrupted, InterviewEvent, PromptEnded, PromptStarted, TurnGiven
from agi_app.simulate.judgement import Accuracy, accuracy, unmet
from agi_app.simulate.line import Pcm
from agi_app.simulate.measure import Measures, measure
from agi_app.simulate.persona import Line, Persona
from agi_app.simulate.phonebank import PhoneBank, armed
from agi_app.simulate.plan import CallPlan, Cue, InterruptedCue, PhoneLog, PromptEndedCue, PromptStartedCue, TurnGivenCue
from agi_app.simulate.utterances import Utterances
from hr_sync.errors import HirelineError
from hr_sync.records import CallResult, Candidate

_log = structlog.get_logger(__name__)

ENDPOINT = "PJSIP/{number}@simulated"
"""Asterisk dial string of a simulated phone."""
NUMBER = "1990{serial:07d}"
"""Number a call is told apart by: unique in a run, a persona may be called several times at once."""
LOG_S = 15.0
"""The phone has this long to end a call after the interview has."""

Listener = Callable[[InterviewEvent], None]


class InterviewApp(Protocol):
    """What is tested: the running phone wing."""

    async def interview(
        self, candidate_id: str, job_id: str, to: str | None = None, *, listener: Listener | None = None
    ) -> CallResult:
        """Call a candidate at an Asterisk endpoint; tell what happens in the call."""


class CandidateStore(Protocol):
    """The part of the HR database that personas are written to. Its calls block."""

    def put_candidates(self, candidates: Sequence[Candidate]) -> object:
        """Insert or replace by id."""

    def unblock(self, number: str) -> object:
        """Take a number off the do-not-call list."""


@dataclass(slots=True)
class SimulatedCall:
    """One call with a persona, and what came of it."""

    persona: Persona
    number: str
    result: CallResult | None = None
    """None when the interview itself failed."""
    log: PhoneLog | None = None
    """None when the phone failed."""
    measures: Measures = field(default_factory=Measures)
    accuracy: Accuracy = field(default_factory=Accuracy)
    unmet: list[str] = field(default_factory=list)


def cue_for(event: InterviewEvent) -> Cue | None:
    """The stage cue an event of the interview gives, if any. No words go with it."""
    match event:
        case PromptStarted():
            return PromptStartedCue(prompt_id=event.prompt_id, kind=event.kind, question=event.question)
        case PromptEnded():
            return PromptEndedCue(prompt_id=event.prompt_id, kind=event.kind, interrupted=event.interrupted)
        case TurnGiven():
            return TurnGivenCue(question=event.question, after=event.after)
        case Interrupted():
            return InterruptedCue(prompt_id=event.prompt_id, stopped=event.stopped)
        case _:
            return None


class Simulation:
    """Calls personas.

    Args:
        app: the phone wing, with Asterisk's trunk `simulated` at the bank's port.
        bank: the phones.
        utterances: makes the personas' lines.
        folder: where the phones' recordings go, one a call.
        store: takes the personas' candidates; their numbers are taken off the do-not-call list, or a candidate who asked for that
            in an earlier run could not be called again. None: they are in the database already.
        line: takes the place of every persona's own line.
        seed: of noise, loss and jitter.
        listener: hears every event of every call, e.g. a live view.
    """

    def __init__(
        self,
        app: InterviewApp,
        bank: PhoneBank,
        utterances: Utterances,
        *,
        folder: Path,
        store: CandidateStore | None = None,
        line: Line | None = None,
        seed: int = 0,
        listener: Listener | None = None,
    ) -> None:
        self._app, self._bank, self._utterances = app, bank, utterances
        self._folder, self._store, self._line, self._seed, self._listener = folder, store, line, seed, listener

    async def run(
        self,
        personas: Sequence[Persona],
        *,
        calls: int | None = None,
        concurrency: int = 1,
        done: Callable[[SimulatedCall], None] | None = None,
    ) -> list[SimulatedCall]:
        """Call the personas in turn.

        Args:
            personas: who is called; begun anew at the end when more calls are wanted.
            calls: how many; None: each persona once.
            concurrency: how many at a time.
            done: told of each call as it ends; must not block.

        Returns:
            The calls in the order they were begun.

        Raises:
            InvalidDataError: a persona's recorded lines are missing. Nothing has been dialled then.
            SetupError: the phones failed.
        """
        await self._prepare(personas)
        waiting = iter(range(len(personas) if calls is None else calls))
        finished: dict[int, SimulatedCall] = {}

        async def work() -> None:
            for serial in waiting:
                finished[serial] = await self._call(personas[serial % len(personas)], serial)
                if done:
                    done(finished[serial])

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(concurrency):
                    group.create_task(work())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return [finished[serial] for serial in sorted(finished)]

    async def _prepare(self, personas: Sequence[Persona]) -> None:
        """Lines first: making them during calls would disturb what is measured."""
        for persona in personas:
            await self._utterances.render(persona)
        if self._store is None:
            return
        candidates = list({persona.candidate.id: persona.candidate for persona in personas if persona.candidate}.values())
        await asyncio.to_thread(self._store.put_candidates, candidates)
        for candidate in candidates:
            await asyncio.to_thread(self._store.unblock, candidate.phone)

    async def _call(self, persona: Persona, serial: int) -> SimulatedCall:
        if self._line is not None:
            persona = persona.model_copy(update={"line": self._line})
        number = NUMBER.format(serial=serial)
        name = f"{persona.id}-{serial}"
        plan = CallPlan(
            call=name,
            number=number,
            persona=persona,
            utterances=await self._utterances.render(persona),
            recording=self._folder / f"{name}.wav",
            seed=self._seed + serial,
        )
        call = SimulatedCall(persona, number)

        def listen(event: InterviewEvent) -> None:
            if (cue := cue_for(event)) is not None:
                self._bank.stage(name, cue)
            if self._listener:
                self._listener(event)

        async with armed(self._bank, plan):
            try:
                call.result = await self._app.interview(
                    persona.called_id, persona.job, ENDPOINT.format(number=number), listener=listen
                )
            except HirelineError as error:
                _log.warning("simulated_call_failed", persona=persona.id, code=error.code)
                call.unmet.append(f"call: {error.what}")
        try:
            async with asyncio.timeout(LOG_S):
                call.log = await self._bank.log(name)
        except TimeoutError:
            call.unmet.append("phone: the call did not end there")
        await asyncio.to_thread(_judge, call)
        return call


def _judge(call: SimulatedCall) -> None:
    """Measure and compare; reads the recording."""
    if call.log is not None and call.log.recording is not None:
        call.measures = measure(call.log, _heard(call.log.recording))
    if call.result is not None:
        call.unmet += unmet(call.persona.expect, call.result)
        if call.log is not None:
            call.accuracy = accuracy(call.log, call.result, call.persona.expect)


def _heard(recording: Path) -> Pcm:
    both, _ = soundfile.read(recording, dtype="int16", always_2d=True)
    right: Pcm = both[:, 1]
    return right
