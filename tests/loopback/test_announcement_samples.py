"""A dozen of the announcement samples through the real recogniser; all of them: python -m tests.bench.announcements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from agi_app.audio.vad import SileroVad
from agi_app.config import Settings
from agi_app.interview.announcements import LineServices, load_matcher
from agi_app.interview.voice_activity import VoiceActivity
from agi_app.speech.registry import model_store, recognition_service
from tests.announcement_samples import Maker, Sample, announcements, executor, listen, pickups

LATEST_MS = 2500
CHOSEN = ("000-", "010-", "022-", "031-", "042-", "050-", "066-", "088-")
SAMPLES = [each for each in announcements() if each.id.startswith(CHOSEN)] + pickups()[23:27]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services() -> AsyncIterator[LineServices]:
    settings = Settings()
    models = model_store(settings)
    activity = VoiceActivity(SileroVad(models.path("silero-vad") / "silero_vad.onnx"))
    recognition, mind = recognition_service(settings, models), executor()
    await recognition.load()
    yield LineServices(recognition, activity, load_matcher(settings.models / settings.interview.language), mind)
    await recognition.close()
    activity.close()
    mind.shutdown()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
async def test_it_is_taken_for_what_it_is(services: LineServices, sample: Sample) -> None:
    audio, end_ms = await asyncio.to_thread(Maker(Settings()).audio, sample)
    heard = await listen(services, audio, answered=sample.answered, end_ms=end_ms)
    assert heard.verdict == sample.expected, heard.texts
    if heard.after_words_ms is not None:
        assert heard.after_words_ms <= LATEST_MS
    assert heard.recognitions <= 12
