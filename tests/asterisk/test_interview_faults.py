"""Parts that fail in the middle of a call: the call ends cleanly or goes on, what was said is kept, and the next call works."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from agi_app.errors import SynthesisError
from agi_app.interview.ledger import Ledger
from agi_app.interview.recovery import recover
from agi_app.speech.tts.cache import AudioCache
from agi_app.speech.tts.protocol import Pcm, Voice
from agi_app.speech.tts.service import SpeechService
from agi_app.speech.worker import ModelWorker
from agi_app.telephony.server import AsteriskInstallation
from hr_sync.errors import NotFoundError
from hr_sync.records import CallState, Disposition, Speaker
from hr_sync.store import SqliteStore
from tests.asterisk.conftest import quick, settings_on_free_ports
from tests.asterisk.interview_stage import Theatre, candidate, phone_sides, prompt, state, theatre

IT_IS_ME = {"when": "greeting", "say": "对，我是", "after_ms": 1500}
IN_THE_SENTENCE_S = 0.8
"""So long after its beginning a sentence is neither unheard nor over."""


def who(row: Any) -> list[Speaker]:
    return [turn.who for turn in row.transcript]


# ---- the line and Asterisk ------------------------------------------------------------------------------------------


async def test_the_media_socket_is_cut(stage: Theatre) -> None:
    async with stage.calling(candidate(turns=[IT_IS_ME])) as calling:
        await stage.until(prompt("consent"))
        await asyncio.sleep(IN_THE_SENTENCE_S)
        [channel] = stage.hireline._dialler._media_server._channels.values()
        channel._socket._req.transport.abort()
    row = stage.row(await calling)
    assert row.disposition is Disposition.SYSTEM_FAILED
    assert "media" in row.evidence
    assert who(row) == [Speaker.SYSTEM, Speaker.CANDIDATE, Speaker.SYSTEM]
    assert row.transcript[-1].interrupted
    assert "是" in row.transcript[1].text


async def test_asterisk_is_killed_and_comes_back(stage: Theatre) -> None:
    asterisk = stage.hireline.asterisk
    assert asterisk is not None
    before = stage.hireline.asterisk_restarts
    async with stage.calling(candidate(turns=[IT_IS_ME])) as calling:
        await stage.until(prompt("consent"))
        await asyncio.sleep(IN_THE_SENTENCE_S)
        await asterisk.kill()
    row = stage.row(await calling)
    assert row.disposition is Disposition.SYSTEM_FAILED
    assert "Asterisk went away" in row.evidence
    assert who(row) == [Speaker.SYSTEM, Speaker.CANDIDATE, Speaker.SYSTEM]
    assert row.transcript[-1].interrupted
    following = stage.row(await stage.call(candidate(hang_up={"during": "greeting", "at_ms": 700})))
    assert stage.hireline.asterisk_restarts == before + 1
    assert following.disposition is Disposition.PARTIAL
    assert who(following) == [Speaker.SYSTEM]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cabled(installation: AsteriskInstallation, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    """A phone wing whose connection to ARI can be cut."""
    async with theatre(quick(settings_on_free_ports(tmp_path_factory.mktemp("cut") / "state")), installation) as made:
        yield made


async def test_the_event_stream_is_cut_and_back(cabled: Theatre) -> None:
    turns = [IT_IS_ME, {"when": "consent", "say": "可以，你说吧", "after_ms": 400}]
    persona = candidate(turns=turns, hang_up={"during": "pitch", "at_ms": 800})
    async with cabled.tidy(), cabled.hearing({"greeting": "对，我是", "consent": "可以"}):
        async with cabled.calling(persona) as calling:
            await cabled.until(prompt("consent"))
            cabled.cable.cut()
            await asyncio.sleep(IN_THE_SENTENCE_S)
            cabled.cable.mend()
        row = cabled.row(await calling)
    assert row.disposition is Disposition.PARTIAL
    assert "the far end hung up" in row.evidence
    assert row.questions_asked == ("greeting", "consent", "pitch")
    assert row.consent.recording


async def test_the_event_stream_is_away_when_the_candidate_hangs_up(cabled: Theatre) -> None:
    async with cabled.tidy():
        async with cabled.calling(candidate(turns=[IT_IS_ME], hang_up={"during": "consent", "at_ms": 700})) as calling:
            await cabled.until(prompt("consent"))
            cabled.cable.cut()
            await cabled.until_phone("hung_up")
            cabled.cable.mend()
            back = time.monotonic()
        assert await cabled.until(state(CallState.ENDED)) - back < 3
        row = cabled.row(await calling)
    assert row.disposition is Disposition.SYSTEM_FAILED
    assert "ended while the connection to Asterisk was lost" in row.evidence
    assert who(row)[:3] == [Speaker.SYSTEM, Speaker.CANDIDATE, Speaker.SYSTEM]


# ---- the database ---------------------------------------------------------------------------------------------------

_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
"""


@asynccontextmanager
async def locked(database: Path) -> AsyncIterator[None]:
    """Another process holds the database."""
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLD, str(database), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    try:
        yield
    finally:
        await holder.communicate(b"\n")


async def test_the_database_is_locked_during_a_call(stage: Theatre) -> None:
    ledger = stage.hireline._ledger
    retries = ledger.retries
    persona = candidate(turns=[IT_IS_ME], hang_up={"during": "consent", "at_ms": 700})
    async with stage.calling(persona) as calling:
        await stage.until(state(CallState.TALKING))
        async with locked(stage.settings.database):
            await stage.until(state(CallState.ENDED))
            assert stage.attempt_of(persona).state in {CallState.DIALLING, CallState.RINGING, CallState.TALKING}
            async with asyncio.timeout(5):
                while ledger.retries == retries:  # noqa: ASYNC110 - another task's
                    await asyncio.sleep(0.05)
            assert not calling.done()
    row = stage.row(await calling)
    assert row.disposition is Disposition.PARTIAL
    assert who(row) == [Speaker.SYSTEM, Speaker.CANDIDATE, Speaker.SYSTEM]
    assert ledger.failures == 0
    assert row.metrics["troubles"] == {}
    assert row.metrics["frames_dropped"] == 0


async def test_the_database_is_locked_for_too_long(stage: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result waits in a file, and is taken in: by the next call of this run, or by the next run."""
    monkeypatch.setattr(stage.hireline._ledger, "_patience_s", 0.2)  # the setting store.patience_s, read at the start
    spool = stage.settings.database.with_suffix(".spool")
    kept = []
    for _ in range(2):
        async with stage.calling(candidate(hang_up={"during": "greeting", "at_ms": 700})) as calling:
            await stage.until(state(CallState.TALKING))
            async with locked(stage.settings.database):
                call = await calling
        assert call.result is not None
        kept.append(call)
        [path] = spool.iterdir()
        assert path.stem == call.result.call_id
        assert path.stat().st_mode & 0o077 == 0
        with pytest.raises(NotFoundError):
            stage.store.result(call.result.call_id)
        if len(kept) == 1:
            await stage.call(candidate(pickup={"how": "busy"}))
        else:
            with SqliteStore(stage.settings.database) as store:
                ledger = Ledger(store, spool)
                await recover(ledger, stage.settings.state / "recordings")
                await ledger.close()
        row = stage.row(call)
        assert row.disposition is Disposition.PARTIAL
        assert who(row) == [Speaker.SYSTEM]
        assert list(spool.iterdir()) == []


# ---- hearing and speaking -------------------------------------------------------------------------------------------


DEAF = {"greeting": "对，我是"}
"""Understands the answer to the greeting, and not a word after it."""


async def test_nothing_is_recognised_three_times(stage: Theatre) -> None:
    answers = [{"when": "consent", "say": text, "after_ms": 300} for text in ("可以，你说吧", "我说可以", "喂，听得到吗", "喂喂喂")]
    async with stage.hearing(DEAF):
        call = await stage.call(candidate(turns=[IT_IS_ME, *answers]))
    row = stage.row(call)
    assert row.disposition is Disposition.PARTIAL
    ours = [turn.text for turn in row.transcript if turn.who is Speaker.SYSTEM]
    assert len(set(ours)) == len(ours)  # never the same words twice
    assert sum("请按一" in text for text in ours) == 1
    assert "再见" in ours[-1]
    assert len(call.log.spoken) == 1 + 3 if call.log else False
    assert row.consent.recording is False
    assert stage.recordings(row) == []


async def test_keys_answer_where_words_do_not(stage: Theatre) -> None:
    turns = [
        IT_IS_ME,
        {"when": "consent", "say": "可以，你说吧", "after_ms": 300},
        {"when": "consent", "press": "1", "after_ms": 300},
    ]
    async with stage.hearing(DEAF):
        call = await stage.call(candidate(turns=turns, hang_up={"during": "pitch", "at_ms": 300}))
    row = stage.row(call)
    assert row.questions_asked == ("greeting", "consent", "pitch")
    assert row.consent.recording is True


class Hoarse:
    """A real voice that fails on some clauses."""

    def __init__(self, voice: Voice, fails_on: str) -> None:
        self.name, self.version, self.sample_rate = f"hoarse/{fails_on}", voice.version, voice.sample_rate
        self._voice, self._fails_on = voice, fails_on
        self.failed = 0

    def load(self) -> None:
        pass

    def speak(self, text: str, *, rate: float = 1.0) -> Pcm:
        if self._fails_on in text:
            self.failed += 1
            raise SynthesisError("this clause cannot be spoken")
        return self._voice.speak(text, rate=rate)


@asynccontextmanager
async def hoarse(stage: Theatre, first: str, fallback: str | None, folder: Path) -> AsyncIterator[SpeechService]:
    """The voices fail on clauses with these words in them; None: the fallback speaks well."""
    real = stage.hireline.services.speech
    assert real._fallback is not None
    second = real._fallback if fallback is None else Hoarse(real._fallback, fallback)
    cache = AudioCache(folder, limit_mb=0)
    speech = SpeechService(Hoarse(real._voice, first), fallback=second, worker=ModelWorker("hoarse"), cache=cache)
    stage.hireline.services = replace(stage.hireline.services, speech=speech)
    try:
        yield speech
    finally:
        await speech.close()


async def test_the_fallback_voice_speaks_what_the_voice_cannot(stage: Theatre, tmp_path: Path) -> None:
    async with hoarse(stage, "请问是", None, tmp_path) as speech:
        call = await stage.call(candidate(hang_up={"after": "greeting"}, turns=[IT_IS_ME]))
    row = stage.row(call)
    assert speech.counters["fallbacks"] >= 1
    assert speech.counters["failures"] == 0
    greeting = row.transcript[0]
    assert "请问是" in greeting.text
    assert not greeting.interrupted
    assert who(row)[:2] == [Speaker.SYSTEM, Speaker.CANDIDATE]
    assert call.log is not None
    _, heard, rate = phone_sides(call.log)
    levels = [float(np.abs(heard[at : at + rate // 10]).max()) for at in range(0, len(heard) - rate // 10, rate // 10)]
    loud_ms = 100 * sum(level > 0.02 for level in levels)
    assert loud_ms > 0.6 * (greeting.end_ms - greeting.start_ms)


@pytest.mark.parametrize(("words", "turns"), [("请问是", 0), ("录音", 2)])
async def test_no_voice_can_speak(stage: Theatre, tmp_path: Path, words: str, turns: int) -> None:
    """Neither the greeting, nor the notice without which nobody can agree to a recording."""
    async with hoarse(stage, words, words, tmp_path) as speech:
        call = await stage.call(candidate(turns=[IT_IS_ME, {"when": "consent", "say": "可以", "after_ms": 300}]))
    row = stage.row(call)
    assert row.disposition is Disposition.SYSTEM_FAILED
    assert "synthesis" in row.evidence or "speech" in row.evidence
    assert speech.counters["failures"] >= 1
    assert len(row.transcript) >= turns
    assert row.consent.recording is False
    assert call.log is not None
    assert call.log.hung_up_by == "caller"
