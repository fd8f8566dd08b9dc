"""The whole theatre: simulated phones, the phone wing that calls them, and the simulation that brings them together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np
import soxr

from agi_app.app import Hireline, Listener, Progress
from agi_app.config import Settings
from agi_app.simulate.line import SAMPLE_RATE, Pcm
from agi_app.simulate.persona import Line
from agi_app.simulate.phonebank import PhoneBank
from agi_app.simulate.runner import Simulation
from agi_app.simulate.utterances import Utterances
from agi_app.speech.tts.service import SpeechService
from hr_sync.sample import load_sample

PHONES = "127.0.0.1"


@asynccontextmanager
async def staged(
    settings: Settings,
    *,
    line: Line | None = None,
    seed: int = 0,
    database: Path | None = None,
    listener: Listener | None = None,
    progress: Progress = lambda _: None,
) -> AsyncIterator[tuple[Simulation, Hireline]]:
    """Start phones and phone wing, with the sample jobs in the database.

    Args:
        line: takes the place of every persona's own line.
        seed: of noise, loss and jitter.
        database: another HR database than the settings name.
        listener: hears every event of every call.
        progress: told in a few words what is being started.

    Raises:
        SetupError: pjsua2, Asterisk or a model is missing, or a port is taken.
    """
    async with AsyncExitStack() as stack:
        progress("simulated phones")
        bank = await stack.enter_async_context(PhoneBank())
        hireline = await stack.enter_async_context(
            Hireline(settings, simulated_trunk=(PHONES, bank.port), database=database, progress=progress)
        )
        load_sample(hireline.store)
        speech = hireline.services.speech
        utterances = Utterances(synthesiser(speech), voice_name=speech.voice_name, folder=settings.state / "cache" / "utterances")
        simulation = Simulation(
            hireline,
            bank,
            utterances,
            folder=settings.state / "simulated",
            store=hireline.store,
            line=line,
            seed=seed,
            listener=listener,
        )
        yield simulation, hireline


def synthesiser(speech: SpeechService) -> Callable[[str], Awaitable[Pcm]]:
    """The project's own voice as the candidates' raw material."""

    async def synthesise(text: str) -> Pcm:
        pcm = b"".join([chunk async for chunk in speech.stream(text)])
        audio = np.frombuffer(pcm, "<i2")
        if speech.sample_rate == SAMPLE_RATE:
            return audio
        return np.asarray(soxr.resample(audio, speech.sample_rate, SAMPLE_RATE), dtype=np.int16)

    return synthesise
