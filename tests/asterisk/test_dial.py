"""Calls placed through a real Asterisk to a real SIP phone, and everything that can happen to them."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from agi_app.config import Settings
from agi_app.errors import AriError
from agi_app.telephony.ari.connection import AriConnection
from agi_app.telephony.call import Answered, CallEnding, CallEvent, DialRequest, KeyPressed, Progress
from agi_app.telephony.dial import Dialler
from agi_app.telephony.media.channel import MediaChannel
from agi_app.telephony.media.server import MediaServer
from agi_app.telephony.placed_call import PlacedCall
from agi_app.telephony.server import AsteriskInstallation, AsteriskServer
from hr_sync.records import Disposition
from tests.asterisk.conftest import free_port, settings_on_free_ports
from tests.asterisk.cutter import Cutter
from tests.asterisk.sipp_phone import keys_as_pcap, sipp_phone

RATE = 8000
serial = iter(range(1, 1_000_000))


@dataclass
class Line:
    ari: AriConnection
    media: MediaServer
    dialler: Dialler


@asynccontextmanager
async def open_line(server: AsteriskServer, settings: Settings | None = None) -> AsyncIterator[Line]:
    settings = settings or server.settings
    async with AsyncExitStack() as stack:
        ari = await stack.enter_async_context(AriConnection(settings.asterisk, server.secrets.ari_password))
        media = await stack.enter_async_context(MediaServer(server.settings.media, server.secrets.media_token))
        await ari.wait_connected(5)
        yield Line(ari, media, Dialler(ari, media, settings))


@pytest.fixture
async def no_tasks() -> AsyncIterator[None]:
    """After the test no task of ours may be left running."""
    before = asyncio.all_tasks()
    yield
    left = [task for task in asyncio.all_tasks() - before - {asyncio.current_task()} if not task.done()]
    assert not left, f"tasks left: {left}"


@pytest.fixture
async def line(asterisk: AsteriskServer, no_leftovers: None, no_tasks: None) -> AsyncIterator[Line]:
    async with open_line(asterisk) as line:
        yield line


def request(endpoint: str = "PJSIP/13800000001@simulated", **more: object) -> DialRequest:
    return DialRequest(call_id=f"test-{next(serial)}", endpoint=endpoint, **more)  # type: ignore[arg-type]


def nobody() -> str:
    """A dial string to a port where nothing listens. (Asterisk goes on sending the INVITE for 32 s, even after we gave up:
    to the port of the telephone of the next test it must not go.)"""
    return f"PJSIP/simulated/sip:13800000001@127.0.0.1:{free_port(socket.SOCK_DGRAM)}"


async def collected(call: PlacedCall, limit_s: float = 10) -> list[CallEvent]:
    async with asyncio.timeout(limit_s):
        return [event async for event in call.events()]


async def answered(call: PlacedCall, limit_s: float = 5) -> list[CallEvent]:
    seen = []
    async with asyncio.timeout(limit_s):
        async for event in call.events():
            seen.append(event)
            if isinstance(event, Answered):
                return seen
    raise AssertionError(f"never answered: {seen}")


def noise(seconds: float) -> bytes:
    return (np.random.default_rng(7).standard_normal(round(seconds * RATE)) * 3000).astype("<i2").tobytes()


async def once(pcm: bytes, piece: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(pcm), piece):
        yield pcm[start : start + piece]


async def listen(media: MediaChannel, into: list[bytes]) -> None:
    async for frame in media.frames():
        into.append(frame)  # noqa: PERF401 - `into` is looked at meanwhile


def echo_of(sent: bytes, heard: list[bytes]) -> tuple[float, float]:
    """Best correlation of what was sent with what came back, and where in what came back (ms)."""
    a = np.frombuffer(sent, "<i2").astype(float)
    b = np.frombuffer(b"".join(heard), "<i2").astype(float)
    found = np.correlate(b, a, "valid")
    place = int(np.argmax(found))
    part = b[place : place + len(a)]
    return float(found[place] / (np.linalg.norm(a) * np.linalg.norm(part) + 1e-9)), 1000 * place / RATE


async def test_audio_goes_both_ways(line: Line, simulated_port: int, tmp_path: Path) -> None:
    pcm, heard = noise(1.5), []
    async with sipp_phone("answers", simulated_port, tmp_path), line.dialler.place(request()) as call:
        assert call.set_up_ms is not None
        events = await answered(call)
        assert [type(event) for event in events] == [Progress, Answered]
        assert events[0] == Progress("RINGING")
        listening = asyncio.create_task(listen(call.media, heard))
        playback = call.media.play(once(pcm))
        first = await playback.first_audio
        assert first is not None
        end = await playback.wait()
        assert end.finished
        assert end.heard_ms == pytest.approx(1500, abs=1)
        assert asyncio.get_running_loop().time() - first == pytest.approx(1.5, abs=0.3)
        await asyncio.sleep(0.3)
        await call.hang_up("test is over")
        ending = await asyncio.wait_for(call.ending, 2)
        await listening
    assert (ending.disposition, ending.ended_by) == (None, "us")
    score, _ = echo_of(pcm[: RATE * 2], heard)
    assert score > 0.97
    assert call.media.counters.underruns == call.media.counters.dropped == 0


@pytest.mark.parametrize(
    ("code", "disposition", "cause"),
    [
        (486, Disposition.BUSY, 17),
        (600, Disposition.BUSY, 17),
        (603, Disposition.REJECTED, 21),
        (403, Disposition.TRUNK_FAILED, 21),
        (404, Disposition.INVALID_NUMBER, 1),
        (484, Disposition.INVALID_NUMBER, 28),
        (480, Disposition.NO_ANSWER, 19),
        (503, Disposition.TRUNK_FAILED, 34),
        (502, Disposition.UNREACHABLE, 27),
    ],
)
async def test_refusals(line: Line, simulated_port: int, tmp_path: Path, code: int, disposition: Disposition, cause: int) -> None:
    async with (
        sipp_phone("refuses", simulated_port, tmp_path, code=str(code)),
        line.dialler.place(request()) as call,
    ):
        events = await collected(call)
    assert len(events) == 1
    ending = events[0]
    assert isinstance(ending, CallEnding)
    assert (ending.disposition, ending.sip_code, ending.hangup_cause, ending.ended_by) == (disposition, code, cause, "network")
    assert str(code) in ending.evidence


async def test_nobody_picks_up(line: Line, simulated_port: int, tmp_path: Path) -> None:
    async with sipp_phone("rings", simulated_port, tmp_path), line.dialler.place(request(ring_timeout_s=1)) as call:
        started = time.monotonic()
        events = await collected(call)
    assert time.monotonic() - started < 2
    assert events[0] == Progress("RINGING")
    assert isinstance(events[-1], CallEnding)
    assert events[-1].disposition is Disposition.NO_ANSWER
    assert events[-1].sip_code is None


async def test_trunk_where_nothing_listens(line: Line) -> None:
    async with line.dialler.place(request(nobody(), ring_timeout_s=0.7)) as call:
        events = await collected(call)
    assert isinstance(events[-1], CallEnding)
    assert (events[-1].disposition, events[-1].ended_by) == (Disposition.TRUNK_FAILED, "network")
    assert "no sign of life" in events[-1].evidence


async def test_trunk_that_does_not_exist(line: Line) -> None:
    async with line.dialler.place(request("PJSIP/13800000001@nowhere")) as call:
        ending = await asyncio.wait_for(call.ending, 1)
        assert [ending] == await collected(call)
    assert ending.disposition is Disposition.TRUNK_FAILED
    assert "Allocation failed" in ending.evidence
    assert "13800000001" not in ending.evidence


async def test_candidate_hangs_up_while_we_speak(line: Line, simulated_port: int, tmp_path: Path) -> None:
    async with sipp_phone("hangs_up", simulated_port, tmp_path), line.dialler.place(request()) as call:
        await answered(call)
        playback = call.media.play(once(noise(5)))
        ending = await asyncio.wait_for(call.ending, 3)
        heard = await playback.stop()
    assert (ending.disposition, ending.hangup_cause, ending.ended_by) == (None, 16, "candidate")
    assert 200 < heard < 1500


async def test_leaving_the_call_ends_it(line: Line, simulated_port: int, tmp_path: Path) -> None:
    async with sipp_phone("answers", simulated_port, tmp_path):
        async with line.dialler.place(request()) as call:
            await answered(call)
            playback = call.media.play(once(noise(5)))
            await asyncio.sleep(0.2)
        assert call.ending.done()
        assert call.ending.result().ended_by == "us"
        assert not (await playback.wait()).finished
        assert call.media.closed.is_set()


async def test_cancelled_in_mid_call(line: Line, simulated_port: int, tmp_path: Path) -> None:
    held: list[PlacedCall] = []
    up = asyncio.Event()

    async def interview() -> None:
        async with line.dialler.place(request()) as call:
            held.append(call)
            await answered(call)
            up.set()
            await asyncio.Event().wait()

    async with sipp_phone("answers", simulated_port, tmp_path):
        task = asyncio.create_task(interview())
        await asyncio.wait_for(up.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 3)
    assert held[0].ending.done()


@pytest.mark.parametrize("turns", range(1, 16))
async def test_cancelled_as_soon_as_it_began(line: Line, turns: int) -> None:
    async def interview() -> None:
        async with line.dialler.place(request(nobody())) as call:
            await call.ending

    task = asyncio.create_task(interview())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 3)


@pytest.mark.parametrize("moment_ms", [1, 2, 3, 5, 8, 12, 20])
async def test_cancelled_while_being_set_up(line: Line, moment_ms: int) -> None:
    async def interview() -> None:
        async with line.dialler.place(request(nobody())) as call:
            await call.ending

    task = asyncio.create_task(interview())
    await asyncio.sleep(moment_ms / 1000)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 3)


async def test_keys_of_the_candidate(line: Line, simulated_port: int, tmp_path: Path) -> None:
    keys: list[str] = []
    keys_as_pcap(tmp_path / "keys.pcap", "15#")
    async with (
        sipp_phone("presses_keys", simulated_port, tmp_path, capture=str(tmp_path / "keys.pcap")),
        line.dialler.place(request()) as call,
    ):
        async with asyncio.timeout(8):
            async for event in call.events():
                if isinstance(event, KeyPressed):
                    keys.append(event.key)
                if len(keys) == 3:
                    break
    assert keys == ["1", "5", "#"]


async def test_early_media_is_heard_before_an_answer(line: Line, simulated_port: int, tmp_path: Path) -> None:
    pcm, heard = noise(0.6), []
    async with sipp_phone("early", simulated_port, tmp_path), line.dialler.place(request()) as call:
        listening = asyncio.create_task(listen(call.media, heard))
        async with asyncio.timeout(3):
            async for event in call.events():
                if event == Progress("PROGRESS"):
                    break
        await call.media.play(once(pcm)).wait()
        events = await collected(call)
    await listening
    assert echo_of(pcm[:RATE], heard)[0] > 0.97
    assert not any(isinstance(event, Answered) for event in events)
    assert isinstance(events[-1], CallEnding)
    assert events[-1].disposition is Disposition.NO_ANSWER
    assert events[-1].sip_code == 480


async def test_while_it_rings_nothing_is_heard_that_the_network_did_not_send(
    line: Line, simulated_port: int, tmp_path: Path
) -> None:
    async with sipp_phone("rings", simulated_port, tmp_path), line.dialler.place(request()) as call:
        async with asyncio.timeout(5):
            async for event in call.events():
                if event == Progress("RINGING"):
                    break
        await asyncio.sleep(0.12)
        assert not any(any(frame) for frame in call.media._frames)


async def test_pause_resume_and_stop_are_what_the_far_end_hears(line: Line, simulated_port: int, tmp_path: Path) -> None:
    pcm, heard = noise(4), []
    async with sipp_phone("answers", simulated_port, tmp_path), line.dialler.place(request()) as call:
        await answered(call)
        listening = asyncio.create_task(listen(call.media, heard))
        playback = call.media.play(once(pcm))
        await playback.first_audio
        await asyncio.sleep(0.5)
        await playback.pause()
        paused_at = playback.heard_ms()
        await asyncio.sleep(0.4)
        assert playback.heard_ms() == paused_at
        await playback.resume()
        await asyncio.sleep(0.5)
        heard_ms = await playback.stop()
        await asyncio.sleep(0.4)
        until_stopped = list(heard)
        again = call.media.play(once(noise(0.2)))  # a stop leaves nothing paused, nothing queued
        assert (await again.wait()).finished
        await call.hang_up("test is over")
        await listening
    assert heard_ms == pytest.approx(1000, abs=300)
    received = np.frombuffer(b"".join(heard), "<i2").astype(float)
    sent = np.frombuffer(pcm, "<i2").astype(float)
    loud = [bool(np.abs(np.frombuffer(frame, "<i2")).max() > 200) for frame in until_stopped]
    assert sum(loud) * 20 == pytest.approx(heard_ms, abs=200)  # a starved Asterisk lags behind; unpaused it would be 400 more
    # the second half continues exactly where the first one stopped
    cut = round(paused_at * RATE / 1000)
    late = sent[cut + 400 : cut + 2800]
    found = np.correlate(received, late, "valid")
    part = received[int(np.argmax(found)) :][: len(late)]
    assert found.max() / (np.linalg.norm(late) * np.linalg.norm(part)) > 0.97


@pytest.fixture
async def cuttable(asterisk: AsteriskServer, no_leftovers: None, no_tasks: None) -> AsyncIterator[tuple[Line, Cutter]]:
    settings = asterisk.settings
    async with Cutter(settings.asterisk.http_port) as cutter:
        asterisk_settings = settings.asterisk.model_copy(update={"http_port": cutter.port, "reconnect_max_s": 0.5})
        async with open_line(asterisk, settings.model_copy(update={"asterisk": asterisk_settings})) as line:
            yield line, cutter


async def test_event_stream_cut_in_mid_call(cuttable: tuple[Line, Cutter], simulated_port: int, tmp_path: Path) -> None:
    line, cutter = cuttable
    async with sipp_phone("answers", simulated_port, tmp_path), line.dialler.place(request()) as call:
        await answered(call)
        cutter.cut()
        playback = call.media.play(once(noise(0.5)))  # the audio has a connection of its own
        assert (await playback.wait()).finished
        assert not line.ari.connected.is_set()
        cutter.mend()
        await line.ari.wait_connected(3)
        assert not call.ending.done()
        await call.hang_up("test is over")
    assert call.ending.result().ended_by == "us"
    assert line.ari.losses == 1


async def test_answer_and_hang_up_missed_while_the_stream_was_cut(
    cuttable: tuple[Line, Cutter], simulated_port: int, tmp_path: Path
) -> None:
    line, cutter = cuttable
    async with sipp_phone("answers", simulated_port, tmp_path), line.dialler.place(request()) as call:
        cutter.cut()
        await asyncio.sleep(0.5)  # it is answered meanwhile
        assert call.answered_at is None
        cutter.mend()
        await answered(call)
    async with sipp_phone("hangs_up", simulated_port, tmp_path), line.dialler.place(request()) as call:
        await answered(call)
        cutter.cut()
        await asyncio.sleep(1.2)  # it is hung up meanwhile
        cutter.mend()
        ending = await asyncio.wait_for(call.ending, 3)
    assert (ending.disposition, ending.ended_by) == (None, "failure")


async def test_left_while_the_stream_is_cut_then_removed(
    cuttable: tuple[Line, Cutter], asterisk: AsteriskServer, simulated_port: int, tmp_path: Path
) -> None:
    line, cutter = cuttable
    async with sipp_phone("answers", simulated_port, tmp_path):
        async with line.dialler.place(request()) as call:
            await answered(call)
            cutter.cut()
            started = time.monotonic()
        assert time.monotonic() - started < 7
        assert call.ending.result().ended_by == "us"
        cutter.mend()
        async with asyncio.timeout(5):
            while "Stasis" in await asterisk.cli("core show channels concise"):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    assert line.ari.orphans >= 1


async def test_media_socket_cut(line: Line, simulated_port: int, tmp_path: Path) -> None:
    async with sipp_phone("answers", simulated_port, tmp_path), line.dialler.place(request()) as call:
        await answered(call)
        playback = call.media.play(once(noise(5)))
        await playback.first_audio
        call.media._socket._req.transport.abort()
        ending = await asyncio.wait_for(call.ending, 3)
        end = await asyncio.wait_for(playback.wait(), 1)
    assert (ending.disposition, ending.ended_by) == (Disposition.SYSTEM_FAILED, "failure")
    assert "media" in ending.evidence
    assert not end.finished


async def test_media_server_away(asterisk: AsteriskServer, no_leftovers: None, no_tasks: None) -> None:
    elsewhere = asterisk.settings.media.model_copy(update={"port": 0})  # Asterisk will knock at the usual port in vain
    async with (
        AriConnection(asterisk.settings.asterisk, asterisk.secrets.ari_password) as ari,
        MediaServer(elsewhere, "x") as media,
        Dialler(ari, media, asterisk.settings).place(request()) as call,
    ):
        ending = await asyncio.wait_for(call.ending, 6)
    assert (ending.disposition, ending.ended_by) == (Disposition.SYSTEM_FAILED, "failure")
    assert "media" in ending.evidence


async def test_wrong_media_token(asterisk: AsteriskServer, no_leftovers: None, no_tasks: None) -> None:
    async with (
        AriConnection(asterisk.settings.asterisk, asterisk.secrets.ari_password) as ari,
        MediaServer(asterisk.settings.media, "another token") as media,
        Dialler(ari, media, asterisk.settings).place(request()) as call,
    ):
        ending = await asyncio.wait_for(call.ending, 6)
        assert media.refused >= 1
    assert ending.disposition is Disposition.SYSTEM_FAILED


async def test_caller_id_reaches_the_network(line: Line, asterisk: AsteriskServer, simulated_port: int, tmp_path: Path) -> None:
    async with sipp_phone("answers", simulated_port, tmp_path), line.dialler.place(request(caller_id="05718888")) as call:
        await answered(call)
        leg = await line.ari.client.get_variable(call.signalling.leg, "CONNECTEDLINE(num)")
    assert leg == "05718888"


async def test_asterisk_killed_in_mid_call(installation: AsteriskInstallation, tmp_path: Path, no_tasks: None) -> None:
    (tmp_path / "state").mkdir()
    port = free_port(socket.SOCK_DGRAM)
    settings = settings_on_free_ports(tmp_path / "own")
    settings = settings.model_copy(update={"asterisk": settings.asterisk.model_copy(update={"reconnect_max_s": 0.5})})
    server = AsteriskServer(settings, installation, name=f"killed-{os.getpid()}", simulated_trunk=("127.0.0.1", port))
    try:
        async with server, open_line(server) as line, sipp_phone("answers", port, tmp_path):
            async with line.dialler.place(request()) as call:
                await answered(call)
                playback = call.media.play(once(noise(5)))
                await playback.first_audio
                await server.kill()
                started = time.monotonic()
                ending = await asyncio.wait_for(call.ending, 3)
                end = await asyncio.wait_for(playback.wait(), 1)
            assert time.monotonic() - started < 7
            await server.start()
            await line.ari.wait_connected(5)
            await line.ari.client.ping()
    finally:
        server.instance.remove()
    assert (ending.disposition, ending.ended_by) == (Disposition.SYSTEM_FAILED, "failure")
    assert "Asterisk went away" in ending.evidence
    assert not end.finished


async def test_two_calls_of_one_id(line: Line, simulated_port: int, tmp_path: Path) -> None:
    same = request()
    async with sipp_phone("answers", simulated_port, tmp_path), line.dialler.place(same) as call:
        await answered(call)
        with pytest.raises(AriError, match="driven already"):
            async with line.dialler.place(same):
                pass
        assert not call.ending.done()


async def test_many_calls_at_once(line: Line) -> None:
    async def one() -> PlacedCall:
        async with line.dialler.place(request(nobody(), ring_timeout_s=0.2)) as call:
            await call.ending
        return call

    calls = await asyncio.gather(*(one() for _ in range(40)))
    assert {call.ending.result().disposition for call in calls} == {Disposition.TRUNK_FAILED}
    assert all(call.set_up_ms is not None for call in calls)
