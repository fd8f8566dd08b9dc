"""The whole phone wing with simulated candidates, for tests of what goes wrong in a call: nothing in it is a stand-in."""

from __future__ import annotations

import asyncio
import base64
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import soundfile

from agi_app.app import Hireline
from agi_app.config import Settings
from agi_app.dialogue.pack.schema import Pack
from agi_app.dialogue.pack.template import Part, Template
from agi_app.interview.events import CallFinished, InterviewEvent, PromptStarted, StateChanged, TurnGiven
from agi_app.simulate.measure import heard_spans
from agi_app.simulate.persona import Persona
from agi_app.simulate.phonebank import PhoneBank
from agi_app.simulate.plan import CallPlan, Happened, PhoneLog
from agi_app.simulate.runner import SimulatedCall, Simulation
from agi_app.simulate.stage import PHONES, synthesiser
from agi_app.simulate.utterances import Utterances
from agi_app.speech.asr.protocol import Alternative, Audio, Recognition, RecognitionHints
from agi_app.speech.worker import ModelWorker, RecognitionService
from agi_app.telephony.secrets import load_secrets
from agi_app.telephony.server import AsteriskInstallation, AsteriskServer
from hr_sync.records import CallAttempt, CallResult, CallState
from hr_sync.sample import load_sample
from tests.asterisk.cutter import Cutter

JOB = "customer-service"
LIMIT_S = 45.0
"""No call of these tests lasts so long, however slow the machine."""
_serial = itertools.count(1)

Condition = Callable[[InterviewEvent], bool]


def candidate(**persona: Any) -> Persona:
    """A persona for one test, with a number of its own."""
    number = next(_serial)
    fields = {
        "id": f"candidate-{number}",
        "candidate": {"name": "张伟", "phone": f"+86139{number:08d}"},
        "job": JOB,
        "pickup": {"after_s": 0.2},
        "otherwise": "silent",
    }
    return Persona.model_validate(fields | persona)


def terse(pack: Pack, **greeting: Any) -> Pack:
    """The pack with an interview as short as one can be: greeting, consent, pitch, one question, closing."""
    script = pack.interviews["standard"]
    words: dict[str, Any] = {"lead": (), "silence_ms": 3000}
    notice = {
        "notice": _sentence("本次通话会录音。"),
        "ask": _sentence("现在方便聊吗？"),
        "again": _sentence("方便通话吗？"),
        "with_keys": _sentence("方便请按一。"),
    }
    short = {
        "greeting": script.greeting.model_copy(update={"silence_ms": 3000} | greeting),
        "consent": script.consent.model_copy(update=words | notice),
        "pitch": script.pitch.model_copy(update=words),
        "questions": (script.questions[0].model_copy(update=words),),
        "behavioural": script.behavioural.model_copy(update={"count": 0}),
        "closing": script.closing.model_copy(update=words),
    }
    wording = {
        "not_heard": _sentence("没听到您说话。", "您还在吗？"),
        "not_understood": _sentence("没听清。", "没听明白。"),
        "end_lost": _sentence("以后再聊。"),
        "end_silent": _sentence("以后再打。"),
    }
    return pack.model_copy(
        update={
            "interviews": {**pack.interviews, "standard": script.model_copy(update=short)},
            "wording": pack.wording | wording,
        }
    )


def _sentence(*variants: str) -> tuple[Template, ...]:
    return tuple(Template(text, "test", (Part(text, ()),)) for text in variants)


class Theatre:
    """One running phone wing, its phones, and everything that happens to them."""

    def __init__(
        self, hireline: Hireline, server: AsteriskServer, bank: PhoneBank, steps: list[tuple[float, Happened]], cable: Cutter | None
    ) -> None:
        self.hireline, self.server, self.bank = hireline, server, bank
        self.settings, self.store = hireline.settings, hireline.store
        self.events: list[tuple[float, InterviewEvent]] = []
        """Of the last call, with the monotonic time."""
        self.steps = steps
        """Of the last call's phone."""
        self._cable = cable
        speech = hireline.services.speech
        lines = Utterances(synthesiser(speech), voice_name=speech.voice_name, folder=self.settings.state / "cache" / "utterances")
        phones = self.settings.state / "simulated"
        self.simulation = Simulation(hireline, bank, lines, folder=phones, store=self.store, listener=self._note)
        self._news = asyncio.Event()

    def _note(self, event: InterviewEvent) -> None:
        self.events.append((time.monotonic(), event))
        self._news.set()

    # ---- calls ------------------------------------------------------------------------------------------------------

    async def call(self, persona: Persona) -> SimulatedCall:
        """Call a persona and wait for everybody's end."""
        self.events.clear()
        self.steps.clear()
        async with asyncio.timeout(LIMIT_S):
            return (await self.simulation.run([persona]))[0]

    async def until(self, condition: Condition, seconds: float = LIMIT_S) -> float:
        """Wait for an event of the present call; when it came (monotonic)."""
        async with asyncio.timeout(seconds):
            while True:
                for at, event in self.events:
                    if condition(event):
                        return at
                self._news.clear()
                await self._news.wait()

    @asynccontextmanager
    async def calling(self, persona: Persona) -> AsyncIterator[asyncio.Task[SimulatedCall]]:
        """Call a persona while something else is done; the call is over when the block is left."""
        self.events.clear()
        task = asyncio.create_task(self.call(persona))
        try:
            yield task
            await task
        finally:
            task.cancel()
            await asyncio.wait({task})

    @property
    def cable(self) -> Cutter:
        """Between the phone wing and Asterisk's HTTP server."""
        assert self._cable is not None
        return self._cable

    @asynccontextmanager
    async def hearing(self, words: dict[str, str]) -> AsyncIterator[None]:
        """Have the recogniser understand these words, by the question they answer, and nothing else."""
        worker = ModelWorker("scripted")
        recognition = RecognitionService(_Scripted(self, words), worker=worker)
        self.hireline.services = replace(self.hireline.services, recognition=recognition)
        try:
            yield
        finally:
            await worker.close()

    # ---- what was left behind ---------------------------------------------------------------------------------------

    def row(self, call: SimulatedCall) -> CallResult:
        """The result as the HR database has it; everything else in the database agrees with it."""
        assert call.result is not None, call.unmet
        result = self.store.result(call.result.call_id)
        assert result == call.result
        assert self.store.turns(result.call_id) == result.transcript
        attempt = self.attempt_of(call.persona)
        assert attempt.state is CallState.ENDED
        assert attempt.ended_at == result.ended_at
        return result

    async def until_phone(self, what: str, seconds: float = LIMIT_S) -> None:
        """Wait for a step of the present call's phone."""
        async with asyncio.timeout(seconds):
            while not any(step.what == what for _, step in self.steps):  # noqa: ASYNC110 - told from a callback
                await asyncio.sleep(0.02)

    def step(self, what: str) -> float:
        """When the phone of the last call did this (monotonic)."""
        return next(at for at, step in self.steps if step.what == what)

    def attempt_of(self, persona: Persona) -> CallAttempt:
        """The only attempt there ever was to reach the candidate."""
        [attempt] = self.store.attempts(persona.called_id)
        return attempt

    def recordings(self, result: CallResult) -> list[Path]:
        """Files of a call's recording."""
        return sorted((self.settings.state / "recordings").glob(f"{result.call_id}*"))

    async def in_asterisk(self) -> list[str]:
        """Channels and bridges there are."""
        found = []
        password = load_secrets(self.settings.state).ari_password
        login = base64.b64encode(f"{self.settings.asterisk.ari_user}:{password}".encode()).decode()
        try:
            async with aiohttp.ClientSession(f"{self.server.ari_url}/", headers={"Authorization": f"Basic {login}"}) as http:
                for kind in ("channels", "bridges"):
                    async with http.get(kind) as response:
                        found += [f"{kind}/{item['id']}" for item in await response.json()]
        except aiohttp.ClientConnectionError:
            return ["no Asterisk"]
        return found

    @asynccontextmanager
    async def tidy(self) -> AsyncIterator[None]:
        """What a test changes is put back, and what it leaves behind is a failure."""
        tasks, hireline = asyncio.all_tasks(), self.hireline
        kept = hireline.settings, hireline.pack, hireline.services
        yield
        hireline.settings, hireline.pack, hireline.services = kept
        await self.nothing_left(tasks)

    async def nothing_left(self, tasks: set[asyncio.Task[Any]], limit_s: float = 4.0) -> None:
        """Nothing may be left of the calls: in Asterisk, on the loop, in a thread."""
        until = time.monotonic() + limit_s
        while True:
            left = [
                *await self.in_asterisk(),
                *(f"task {task}" for task in asyncio.all_tasks() - tasks if not self._permitted(task)),
                *(f"thread {thread.name}" for thread in threading.enumerate() if thread.name == "recorder"),
            ]
            if not left:
                break
            assert time.monotonic() < until, f"left after the test: {left}"
            await asyncio.sleep(0.05)
        await self._threads_work()

    def _permitted(self, task: asyncio.Task[Any]) -> bool:
        """Ourselves; prompts being made for later calls; the cable."""
        preparing = task in self.hireline.services.speech._warming
        return task is asyncio.current_task() or preparing or "Cutter" in getattr(task.get_coro(), "__qualname__", "")

    async def _threads_work(self) -> None:
        """Each thread the calls share takes work still."""
        services, activity = self.hireline.services, self.hireline._activity
        async with asyncio.timeout(10):
            await services.recognition._worker.run(lambda: None)
            await services.speech._worker.run(lambda: None)
            await asyncio.get_running_loop().run_in_executor(services.mind, lambda: None)
            await self.hireline._ledger.ask(lambda: None)
            await activity.probability(activity.model.stream(), np.zeros(activity.model.block_samples, np.float32))


class _Scripted:
    """A recogniser for tests that are not about recognition."""

    name = "scripted"

    def __init__(self, stage: Theatre, words: dict[str, str]) -> None:
        self.sample_rate = stage.hireline.services.recognition.sample_rate
        self._stage, self._words = stage, words

    def load(self) -> None:
        pass

    def recognise(self, audio: Audio, hints: RecognitionHints) -> Recognition:
        asked = [event.question for _, event in self._stage.events if isinstance(event, TurnGiven)]
        text = self._words.get(asked[-1] or "", "")
        return Recognition(text, 0.9, (Alternative(text, -0.1),)) if text else Recognition("", 0.0)


@asynccontextmanager
async def theatre(settings: Settings, installation: AsteriskInstallation | None = None) -> AsyncIterator[Theatre]:
    """Start phones and phone wing; Asterisk's folder is gone afterwards.

    Args:
        settings: with free ports.
        installation: Asterisk is started beside the phone wing, which reaches it over a cable that can be cut.
    """
    steps: list[tuple[float, Happened]] = []
    async with AsyncExitStack() as stack:
        bank = await stack.enter_async_context(PhoneBank(0, lambda step: steps.append((time.monotonic(), step))))
        trunk, cable, server = (PHONES, bank.port), None, None
        if installation is not None:
            server = AsteriskServer(settings, installation, simulated_trunk=trunk)
            stack.callback(server.instance.remove)
            await stack.enter_async_context(server)
            cable = await stack.enter_async_context(Cutter(settings.asterisk.http_port))
            reached = {"managed": False, "http_port": cable.port, "reconnect_max_s": 0.5}
            settings = settings.model_copy(update={"asterisk": settings.asterisk.model_copy(update=reached)})
        hireline = Hireline(settings, simulated_trunk=trunk)
        stack.callback(lambda: hireline.asterisk and hireline.asterisk.instance.remove())
        await stack.enter_async_context(hireline)
        server = server or hireline.asterisk
        assert server is not None
        load_sample(hireline.store)
        hireline.pack = terse(hireline.pack)
        made = Theatre(hireline, server, bank, steps, cable)
        await bank.arm(CallPlan(call="first", number="1", persona=candidate(), utterances={}, recording=Path("unused")))
        bank.disarm("first")
        await bank.log("first")  # a phone process runs from here on
        yield made


# ---- conditions -----------------------------------------------------------------------------------------------------


def prompt(question: str, start: Callable[[PromptStarted], bool] = lambda _: True) -> Condition:
    """Something begins to be said while this question is open."""
    return lambda event: isinstance(event, PromptStarted) and event.question == question and start(event)


def state(wanted: CallState) -> Condition:
    """The call enters a state."""
    return lambda event: isinstance(event, StateChanged) and event.state is wanted


def finished(event: InterviewEvent) -> bool:
    """The call's last event."""
    return isinstance(event, CallFinished)


# ---- sound ----------------------------------------------------------------------------------------------------------


def sides(path: Path | str) -> tuple[np.ndarray, np.ndarray, int]:
    """Left and right of a stereo recording, and its rate."""
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    assert samples.shape[1] == 2
    return samples[:, 0], samples[:, 1], rate


def phone_sides(log: PhoneLog) -> tuple[np.ndarray, np.ndarray, int]:
    """What the candidate's phone sent and what it heard."""
    assert log.recording is not None
    return sides(log.recording)


def heard_ms(log: PhoneLog) -> int:
    """How long our voice was heard at the phone, from its first sound to its last."""
    assert log.recording is not None
    spans = heard_spans(soundfile.read(log.recording, dtype="int16", always_2d=True)[0][:, 1])
    return spans[-1][1] - spans[0][0]
