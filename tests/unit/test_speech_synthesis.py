"""Clauses, mastering, cache and the streaming service, with a voice that makes tones."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.errors import SynthesisError
from agi_app.speech.tts.cache import AudioCache
from agi_app.speech.tts.clauses import LONGEST, clauses
from agi_app.speech.tts.mastering import ACTIVE_LEVEL_DB, master
from agi_app.speech.tts.protocol import Pcm
from agi_app.speech.tts.service import SpeechService
from agi_app.speech.worker import ModelWorker

RATE = 8000


# ---- clauses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("好的，那请问您期望的薪资是多少？", ["好的，", "那请问您期望的薪资是多少？"]),
        ("嗯，好的，我记下了。", ["嗯，好的，", "我记下了。"]),
        ("您好！请问是张伟先生吗？", ["您好！", "请问是张伟先生吗？"]),
        (
            "综合薪资每月八千到一万，其中，基础薪资八千元，绩效按月发放。",
            ["综合薪资每月八千到一万，", "其中，基础薪资八千元，绩效按月发放。"],
        ),
        ("好", ["好"]),
        ("", []),
    ],
)
def test_clauses(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


@given(st.text(alphabet="您好吗我是，。？、", max_size=200))
def test_clauses_lose_nothing_and_stay_short(text: str) -> None:
    parts = clauses(text)
    assert "".join(parts) == text
    assert all(len(part) <= 2 * LONGEST for part in parts)


# ---- mastering --------------------------------------------------------------------------------------------------------


def _tone(seconds: float, amplitude: float, rate: int = 24_000, hz: float = 440) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def test_silence_at_the_ends_is_cut_to_thirty_milliseconds() -> None:
    quiet = np.zeros(24_000, np.float32)
    pcm = master(np.concatenate([quiet, _tone(0.5, 0.3), quiet]), 24_000, target_rate=RATE)
    assert pcm.size / RATE == pytest.approx(0.56, abs=0.03)


@pytest.mark.parametrize("amplitude", [0.05, 0.2, 0.4])
def test_every_clause_comes_out_at_the_same_level_without_clipping(amplitude: float) -> None:
    pcm = master(_tone(1, amplitude), 24_000, target_rate=RATE)
    steady = pcm[800:-800].astype(np.float64) / 32768
    assert 10 * np.log10(np.mean(steady**2)) == pytest.approx(ACTIVE_LEVEL_DB, abs=0.5)
    assert np.abs(steady).max() < 0.9


def test_peaks_are_bent_not_cut() -> None:
    loud = _tone(1, 0.07)
    loud[12_000:12_100] = _tone(100 / 24_000, 1.0, hz=1200)
    pcm = master(loud, 24_000, target_rate=RATE)
    assert 0.6 < np.abs(pcm).max() / 32768 < 0.95
    assert (np.abs(pcm) == np.abs(pcm).max()).sum() <= 2


def test_the_ends_start_from_nothing() -> None:
    pcm = master(_tone(0.5, 0.5, hz=450), 24_000, target_rate=RATE)
    assert abs(int(pcm[0])) < 200
    assert abs(int(pcm[-1])) < 200


def test_silence_gives_nothing() -> None:
    assert master(np.zeros(24_000, np.float32), 24_000, target_rate=RATE).size == 0


# ---- cache ------------------------------------------------------------------------------------------------------------


def _audio(value: int, seconds: float = 0.1) -> Pcm:
    return np.full(int(seconds * RATE), value, np.int16)


def test_audio_survives_in_a_second_process_s_cache(tmp_path: Path) -> None:
    key = AudioCache.key("voice", "1", RATE, 1.0, "您好")
    AudioCache(tmp_path, limit_mb=1).put(key, _audio(7))
    other = AudioCache(tmp_path, limit_mb=1)
    assert other.get(key).tolist() == _audio(7).tolist()
    assert other.counters == {"hits": 1}


def test_the_key_holds_everything_the_audio_depends_on() -> None:
    keys = {
        AudioCache.key(*parts)
        for parts in [
            ("a", "1", 8000, 1.0, "您好"),
            ("b", "1", 8000, 1.0, "您好"),
            ("a", "2", 8000, 1.0, "您好"),
            ("a", "1", 16_000, 1.0, "您好"),
            ("a", "1", 8000, 0.9, "您好"),
            ("a", "1", 8000, 1.0, "再见"),
        ]
    }
    assert len(keys) == 6


def test_names_on_disk_tell_nothing_of_the_text(tmp_path: Path) -> None:
    AudioCache(tmp_path, limit_mb=1).put(AudioCache.key("v", "1", RATE, 1.0, "张伟"), _audio(1))
    assert all("张伟" not in str(path) for path in tmp_path.rglob("*"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".pcm"]


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, limit_mb=1)
    keys = [AudioCache.key("v", "1", RATE, 1.0, str(i)) for i in range(5)]
    for index, key in enumerate(keys[:4]):
        cache.put(key, _audio(index, seconds=15))  # 240 kB each
        os.utime(cache._path(key), (1000 + index, 1000 + index))
    assert AudioCache(tmp_path, limit_mb=1).get(keys[0]) is not None  # used again: now the newest
    cache.put(keys[4], _audio(4, seconds=15))
    fresh = AudioCache(tmp_path, limit_mb=1)
    assert fresh.get(keys[0]) is not None
    assert fresh.get(keys[1]) is None
    assert fresh.get(keys[4]) is not None
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.pcm")) <= 1 << 20


def test_a_damaged_file_is_a_miss_and_goes(tmp_path: Path) -> None:
    key = AudioCache.key("v", "1", RATE, 1.0, "您好")
    AudioCache(tmp_path, limit_mb=1).put(key, _audio(1))
    path = next(tmp_path.rglob("*.pcm"))
    path.write_bytes(b"\x01")
    assert AudioCache(tmp_path, limit_mb=1).get(key) is None
    assert not path.exists()


def test_a_cache_that_cannot_be_written_still_serves_from_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    cache = AudioCache(blocked / "cache", limit_mb=1)
    key = AudioCache.key("v", "1", RATE, 1.0, "您好")
    cache.put(key, _audio(3))
    assert cache.counters["write_failures"] == 1
    assert cache.get(key) is not None


# ---- service ----------------------------------------------------------------------------------------------------------


class Tones:
    """A voice that says each clause as a constant and remembers what it was asked."""

    def __init__(self, *, name: str = "tones", broken: tuple[str, ...] = ()) -> None:
        self.name = name
        self.version = "1"
        self.sample_rate = RATE
        self.asked: list[tuple[str, float]] = []
        self.broken = broken
        self.hold: threading.Event | None = None

    def load(self) -> None:
        pass

    def speak(self, text: str, *, rate: float = 1.0) -> Pcm:
        self.asked.append((text, rate))
        if self.hold is not None:
            assert self.hold.wait(10)
        if any(part in text for part in self.broken):
            raise SynthesisError("broken")
        return _audio(len(text))


async def _until(condition: Callable[[], object]) -> None:
    """Let the loop and the worker go on until something is seen; the test's own time limit bounds it."""
    while not condition():  # noqa: ASYNC110 - the condition lives in another thread
        await asyncio.sleep(0)


@pytest.fixture
def voice() -> Tones:
    return Tones()


@pytest.fixture
async def service(voice: Tones, tmp_path: Path) -> AsyncIterator[SpeechService]:
    worker = ModelWorker("voice", queue=8)
    service = SpeechService(voice, fallback=None, worker=worker, cache=AudioCache(tmp_path, limit_mb=1))
    yield service
    await service.close()


async def test_the_first_clause_leaves_before_the_last_is_made(service: SpeechService, voice: Tones) -> None:
    stream = service.stream("好的，那请问您期望的薪资是多少？我记录一下。")
    first = await anext(stream)
    assert voice.asked[0][0] == "好的，"
    assert "我记录一下。" not in [text for text, _ in voice.asked]
    rest = [chunk async for chunk in stream]
    assert [text for text, _ in voice.asked] == ["好的，", "那请问您期望的薪资是多少？", "我记录一下。"]
    samples = np.frombuffer(b"".join([first, *rest]), "<i2")
    assert sorted(set(samples.tolist())) == [0, 3, 6, 13]  # each clause's constant, and the pauses between them


async def test_said_before_is_not_made_again(service: SpeechService, voice: Tones) -> None:
    once = b"".join([chunk async for chunk in service.stream("您好，我是小林。")])
    asked = len(voice.asked)
    again = b"".join([chunk async for chunk in service.stream("您好,我是小林.")])
    assert again == once
    assert len(voice.asked) == asked
    assert service.counters["cached"] == 2


async def test_the_prompt_s_rate_multiplies_the_deployment_s(voice: Tones, tmp_path: Path) -> None:
    worker = ModelWorker("voice", queue=8)
    service = SpeechService(voice, fallback=None, worker=worker, cache=AudioCache(tmp_path, limit_mb=0), rate=1.1)
    assert [chunk async for chunk in service.stream("您好", rate=0.8)]
    assert voice.asked == [("您好", 0.88)]
    await service.close()


async def test_leaving_early_makes_no_more(service: SpeechService, voice: Tones) -> None:
    stream = service.stream("好的，那请问您期望的薪资是多少？我记录一下这个数字。谢谢您的时间，再见。")
    await anext(stream)
    await stream.aclose()
    assert len(voice.asked) <= 2


async def test_a_clause_the_voice_fails_on_is_spoken_by_the_fallback(tmp_path: Path) -> None:
    voice, fallback = Tones(broken=("薪资",)), Tones(name="fallback")
    service = SpeechService(voice, fallback=fallback, worker=ModelWorker("voice", queue=8), cache=AudioCache(tmp_path, limit_mb=1))
    assert len([chunk async for chunk in service.stream("好的，那请问您期望的薪资是多少？")]) == 2
    assert [text for text, _ in fallback.asked] == ["那请问您期望的薪资是多少？"]
    assert service.counters["fallbacks"] == 1
    await service.close()
    assert len(list(tmp_path.rglob("*.pcm"))) == 1  # noqa: ASYNC240 - the emergency voice's audio is not kept


async def test_no_voice_is_an_error(tmp_path: Path) -> None:
    service = SpeechService(
        Tones(broken=("好",)),
        fallback=Tones(name="fallback", broken=("好",)),
        worker=ModelWorker("voice", queue=8),
        cache=AudioCache(tmp_path, limit_mb=1),
    )
    with pytest.raises(SynthesisError, match="no voice"):
        await anext(service.stream("您好"))
    assert service.counters["failures"] == 1
    await service.close()


async def test_nothing_to_say_is_an_error(service: SpeechService) -> None:
    with pytest.raises(SynthesisError, match="nothing"):
        await anext(service.stream("🎉"))


async def test_warmed_texts_are_ready_and_progress_is_told(service: SpeechService, voice: Tones) -> None:
    told: list[tuple[int, int]] = []
    await service.warm(["您好。", "🎉", "再见。"], progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    asked = len(voice.asked)
    assert [chunk async for chunk in service.stream("再见。")]
    assert len(voice.asked) == asked


async def test_warming_waits_for_live_speech(service: SpeechService, voice: Tones) -> None:
    voice.hold = threading.Event()
    service.warm_soon(["暖一。", "暖二。"])
    await _until(lambda: voice.asked)
    live = asyncio.create_task(anext(service.stream("现在说。")))
    await _until(lambda: service._worker.waiting)
    voice.hold.set()
    await live
    assert [text for text, _ in voice.asked][:2] == ["暖一。", "现在说。"]


async def test_closing_ends_warming(voice: Tones, tmp_path: Path) -> None:
    service = SpeechService(voice, fallback=None, worker=ModelWorker("voice", queue=8), cache=AudioCache(tmp_path, limit_mb=1))
    voice.hold = threading.Event()
    service.warm_soon(["一。", "二。", "三。"])
    await _until(lambda: voice.asked)
    voice.hold.set()
    await service.close()
    assert len(voice.asked) <= 2
