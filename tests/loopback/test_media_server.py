"""The media server against an Asterisk that misbehaves: cut, garbage, wrong token, floods, XOFF for ever."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self

import aiohttp
import pytest

from agi_app.config import MediaSettings
from agi_app.errors import MediaError, SynthesisError
from agi_app.telephony.media.channel import MediaChannel
from agi_app.telephony.media.playback import Playback
from agi_app.telephony.media.server import MediaServer

TOKEN = "token-of-the-test"
FRAME = 320
LOOK_AHEAD_MS = 300
SLACK_MS = 150
"""How far two clocks of one busy machine may be apart; what is exact is asserted exactly."""


def authorization(token: str = TOKEN, user: str = "asterisk") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


class Peer:
    """Plays Asterisk's part: a queue that is played in real time, as far as the test lets it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.queue: list[bytes | str] = []
        self.played: list[bytes] = []
        self.commands: list[str] = []
        self.paused = False
        self.stuck = False
        self.mute_marks = False
        self.most_queued = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._play())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self.socket.close()

    async def say(self, event: str, **more: object) -> None:
        await self.socket.send_str(json.dumps({"event": event, "channel_id": "c1-media", **more}))

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                assert len(message.data) % FRAME == 0, "only whole frames survive outside buffering"
                self.queue += [message.data[at : at + FRAME] for at in range(0, len(message.data), FRAME)]
                self.most_queued = max(self.most_queued, len(self.queue))
            elif message.type is aiohttp.WSMsgType.TEXT:
                command = json.loads(message.data)
                name = command["command"]
                self.commands.append(name)
                match name:
                    case "MARK_MEDIA":
                        self.queue.append(command["correlation_id"])
                    case "FLUSH_MEDIA":
                        self.queue.clear()
                    case "PAUSE_MEDIA":
                        self.paused = True
                    case "CONTINUE_MEDIA":
                        self.paused = False

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        tick = loop.time()
        while True:
            tick += 0.02
            await asyncio.sleep(tick - loop.time())
            if self.paused or self.stuck:
                continue
            while self.queue and isinstance(self.queue[0], str):
                mark = self.queue.pop(0)
                if not self.mute_marks:
                    await self.say("MEDIA_MARK_PROCESSED", correlation_id=mark)
            if self.queue:
                frame = self.queue.pop(0)
                assert isinstance(frame, bytes)
                self.played.append(frame)


@pytest.fixture
async def server() -> AsyncIterator[MediaServer]:
    before = asyncio.all_tasks()
    async with MediaServer(MediaSettings(port=0, look_ahead_ms=LOOK_AHEAD_MS), TOKEN) as server:
        yield server
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:  # aiohttp's own
        _, left = await asyncio.wait(left, timeout=2)
    assert not left, left


@asynccontextmanager
async def connected(server: MediaServer, call_id: str = "c1") -> AsyncIterator[tuple[MediaChannel, Peer]]:
    channel = server.expect(call_id)
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{server.port}/media?call={call_id}"
        async with (
            session.ws_connect(url, headers=authorization(), protocols=("media",)) as socket,
            Peer(socket) as peer,
        ):
            assert socket.protocol == "media"
            await channel.connected.wait()
            await peer.say("MEDIA_START", format="slin", optimal_frame_size=FRAME)
            yield channel, peer
            await server.forget(call_id)


async def wait_until(condition: Callable[[], bool], limit_s: float = 3) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - looks at another party's state
            await asyncio.sleep(0.002)


def pcm(frames: int, start: int = 0) -> bytes:
    """Frames that tell their number."""
    return b"".join((start + number + 1).to_bytes(2, "little") * (FRAME // 2) for number in range(frames))


async def chunks(data: bytes, size: int, pause_s: float = 0) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        if pause_s and at:
            await asyncio.sleep(pause_s)
        yield data[at : at + size]


@pytest.mark.parametrize(
    ("headers", "query", "protocols", "status"),
    [
        ({}, "c1", ("media",), 401),
        (authorization("wrong"), "c1", ("media",), 401),
        (authorization(user="root"), "c1", ("media",), 401),
        (authorization("wrong"), "stranger", ("media",), 401),
        (authorization(), "stranger", ("media",), 404),
        (authorization(), "", ("media",), 404),
        (authorization(), "c1", ("chat",), 400),
    ],
)
async def test_strangers_are_refused(
    server: MediaServer, headers: dict[str, str], query: str, protocols: tuple[str, ...], status: int
) -> None:
    channel = server.expect("c1")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"http://127.0.0.1:{server.port}/media?call={query}", headers=headers, protocols=protocols)
    assert refused.value.status == status
    assert server.refused == 1
    assert not channel.connected.is_set()


async def test_one_connection_a_call(server: MediaServer) -> None:
    async with connected(server) as (channel, _), aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"http://127.0.0.1:{server.port}/media?call=c1", headers=authorization(), protocols=("media",))
        assert refused.value.status == 409
        assert not channel.closed.is_set()
        with pytest.raises(MediaError, match="expected already"):
            server.expect("c1")


async def test_audio_before_media_start_and_in_odd_pieces(server: MediaServer) -> None:
    channel = server.expect("c1")
    data = pcm(10)
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{server.port}/media?call=c1"
        async with session.ws_connect(url, headers=authorization(), protocols=("media",)) as socket:
            for at in range(0, len(data), 333):
                await socket.send_bytes(data[at : at + 333])
        frames = [frame async for frame in channel.frames()]  # ends because the socket closed
    assert b"".join(frames) == data
    assert {len(frame) for frame in frames} == {FRAME}


async def test_a_consumer_that_sleeps_loses_the_oldest_and_the_reader_goes_on(server: MediaServer) -> None:
    async with connected(server) as (channel, peer):
        await peer.socket.send_bytes(pcm(100))
        for start in range(100, 1000, 100):
            await peer.socket.send_bytes(pcm(100, start))
        await wait_until(lambda: channel.counters.frames_in == 1000)
        assert channel.counters.dropped == 750
        async for frame in channel.frames():
            assert frame == pcm(1, 750)
            break


async def test_a_playback_is_heard_in_order_to_its_end(server: MediaServer) -> None:
    async with connected(server) as (channel, peer):
        loop = asyncio.get_running_loop()
        asked = loop.time()
        playback = channel.play(chunks(pcm(30), 700))
        with pytest.raises(MediaError, match="still running"):
            channel.play(chunks(pcm(1), 320))
        first = await playback.first_audio
        assert first is not None
        assert 0 <= first - asked < 0.5
        end = await playback.wait()
        assert (end.heard_ms, end.finished, end.error) == (600, True, None)
        assert loop.time() - first == pytest.approx(0.6, abs=SLACK_MS / 1000)
        assert b"".join(peer.played) == pcm(30)
        assert peer.most_queued <= LOOK_AHEAD_MS // 20 + 2  # and a mark
        assert channel.counters.underruns == 0
        assert await playback.stop() == 600  # after the end: nothing


async def test_a_partial_last_frame_is_padded(server: MediaServer) -> None:
    async with connected(server) as (channel, peer):
        end = await channel.play(chunks(pcm(2) + b"\x07\x00", 100)).wait()
        assert end.heard_ms == 60
        assert b"".join(peer.played) == pcm(2) + b"\x07\x00" + bytes(FRAME - 2)


async def test_nothing_to_say(server: MediaServer) -> None:
    async with connected(server) as (channel, _):
        playback = channel.play(chunks(b"", 1))
        assert (await playback.wait()).finished
        assert await playback.first_audio is None


async def test_pause_and_resume(server: MediaServer) -> None:
    async with connected(server) as (channel, peer):
        playback = channel.play(chunks(pcm(30), 960))
        await playback.first_audio
        await asyncio.sleep(0.2)
        await playback.pause()
        await asyncio.sleep(0.05)
        held, heard = len(peer.played), playback.heard_ms()
        await asyncio.sleep(0.3)
        assert (len(peer.played), playback.heard_ms()) == (held, heard)
        assert heard == pytest.approx(held * 20, abs=SLACK_MS)
        await playback.resume()
        end = await playback.wait()
        assert (end.heard_ms, end.finished) == (600, True)
        assert b"".join(peer.played) == pcm(30)


@pytest.mark.parametrize("paused", [False, True])
async def test_stop_is_silence_at_once(server: MediaServer, paused: bool) -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            start = 0
            while True:
                yield pcm(5, start)
                start += 5
        finally:
            closed.set()

    async with connected(server) as (channel, peer):
        playback = channel.play(endless())
        await playback.first_audio
        await asyncio.sleep(0.15)
        if paused:
            await playback.pause()
            await asyncio.sleep(0.1)
        heard = await playback.stop()
        assert closed.is_set()
        await asyncio.sleep(0.1)
        assert len(peer.played) * 20 == pytest.approx(heard, abs=SLACK_MS)
        assert not peer.queue
        assert peer.commands.count("FLUSH_MEDIA") == 1
        assert not peer.paused
        end = await playback.wait()
        assert (end.heard_ms, end.finished) == (heard, False)
        again = await channel.play(chunks(pcm(3), 320)).wait()
        assert (again.heard_ms, again.finished) == (60, True)


async def test_stopped_before_anything_was_heard(server: MediaServer) -> None:
    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async with connected(server) as (channel, _):
        playback = channel.play(never())
        await asyncio.sleep(0.01)
        assert await playback.stop() == 0
        assert await playback.first_audio is None


@pytest.mark.parametrize("turns", range(12))
async def test_stop_at_any_moment_ends_everything(server: MediaServer, turns: int) -> None:
    async with connected(server) as (channel, peer):
        playback = channel.play(chunks(pcm(50), 320))
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(1):
            await playback.stop()
        sent = channel.counters.frames_out
        await asyncio.sleep(0.06)
        assert channel.counters.frames_out == sent
        assert not peer.queue


async def test_a_late_voice_is_counted_and_tears_no_frame(server: MediaServer) -> None:
    async with connected(server) as (channel, peer):
        end = await channel.play(chunks(pcm(10), 5 * FRAME + 100, pause_s=0.3)).wait()
        assert (end.heard_ms, end.finished) == (200, True)
        assert channel.counters.underruns == 1
        assert b"".join(peer.played) == pcm(10)


async def test_a_voice_that_breaks_is_heard_as_far_as_it_got(server: MediaServer) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield pcm(5)
        raise SynthesisError("no voice")

    async with connected(server) as (channel, peer):
        end = await channel.play(broken()).wait()
        assert (end.heard_ms, end.finished) == (100, False)
        assert isinstance(end.error, SynthesisError)
        assert len(peer.played) == 5


async def test_a_bug_in_the_source_reaches_whoever_waits(server: MediaServer) -> None:
    async def buggy() -> AsyncIterator[bytes]:
        yield pcm(5)
        raise ZeroDivisionError

    async with connected(server) as (channel, _):
        playback = channel.play(buggy())
        with pytest.raises(ZeroDivisionError):
            await playback.wait()
        assert playback.ended


async def test_xoff_is_obeyed_and_xon_goes_on(server: MediaServer) -> None:
    async with connected(server) as (channel, peer):
        playback = channel.play(chunks(pcm(40), 640))
        await playback.first_audio
        await peer.say("MEDIA_XOFF")
        await wait_until(lambda: channel.xoff)
        sent = channel.counters.frames_out
        await asyncio.sleep(0.3)
        assert channel.counters.frames_out == sent
        await peer.say("MEDIA_XON")
        end = await playback.wait()
        assert (end.finished, end.heard_ms) == (True, 800)
        assert channel.counters.xoffs == 1


async def test_xoff_for_ever_ends_the_playback(server: MediaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agi_app.telephony.media.playback._STALL_S", 0.3)
    async with connected(server) as (channel, peer):
        playback = channel.play(chunks(pcm(100), 640))
        await playback.first_audio
        await peer.say("MEDIA_XOFF")
        end = await asyncio.wait_for(playback.wait(), 2)
        assert not end.finished
        assert isinstance(end.error, MediaError)
        assert channel.counters.stalls == 1
        assert "FLUSH_MEDIA" in peer.commands


async def test_marks_that_never_come_end_the_playback(server: MediaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agi_app.telephony.media.playback._MARK_GRACE_S", 0.2)
    async with connected(server) as (channel, peer):
        peer.mute_marks = True
        playback = channel.play(chunks(pcm(10), 640))
        end = await asyncio.wait_for(playback.wait(), 2)
        assert (end.finished, channel.counters.stalls) == (False, 1)
        assert await playback.first_audio is None


@pytest.mark.parametrize("clean", [False, True])
async def test_a_cut_in_mid_sentence(server: MediaServer, clean: bool) -> None:
    async with connected(server) as (channel, peer):
        listening = asyncio.create_task(_count(channel))
        playback = channel.play(chunks(pcm(100), 640))
        await playback.first_audio
        await asyncio.sleep(0.1)
        if clean:
            await peer.socket.close()
        else:
            transport = peer.socket._conn.transport  # type: ignore[union-attr]
            assert transport is not None
            transport.abort()
        await asyncio.wait_for(channel.closed.wait(), 1)
        end = await asyncio.wait_for(playback.wait(), 1)
        assert not end.finished
        assert 0 < end.heard_ms < 2000
        await asyncio.wait_for(listening, 1)
        with pytest.raises(MediaError, match="closed"):
            channel.play(chunks(pcm(1), 320))


async def _count(channel: MediaChannel) -> int:
    return len([frame async for frame in channel.frames()])


async def test_garbage_is_counted_and_ignored(server: MediaServer) -> None:
    async with connected(server) as (channel, peer):
        for text in ("", "{", "[]", '{"event":7}', '{"event":"MEDIA_MARK_PROCESSED"}', '{"event":"LATER","x":1}', "MEDIA_XOFF"):
            await peer.socket.send_str(text)
        await peer.say("ERROR", error_text="Unable to parse JSON command")
        await peer.say("MEDIA_MARK_PROCESSED", correlation_id="nobody asked")
        await wait_until(lambda: channel.counters.unknown == 8)
        assert not channel.xoff
        assert (await channel.play(chunks(pcm(3), 320)).wait()).finished


async def test_another_format_than_ours_closes_the_channel(server: MediaServer) -> None:
    async with connected(server) as (channel, peer):
        await peer.say("MEDIA_START", format="ulaw", optimal_frame_size=160)
        await asyncio.wait_for(channel.closed.wait(), 1)


async def test_a_flood_starves_nobody(server: MediaServer) -> None:
    async with connected(server, "flooded") as (flooded, peer), connected(server, "quiet") as (quiet, other):
        block = pcm(200)

        async def flood() -> None:
            while not peer.socket.closed:
                await peer.socket.send_bytes(block)

        flooding = asyncio.create_task(flood())
        await wait_until(lambda: flooded.counters.dropped > 1000)
        end = await quiet.play(chunks(pcm(20), 640)).wait()
        assert end.finished
        assert len(other.played) == 20
        flooding.cancel()
        await asyncio.wait({flooding})


async def test_the_tap_gets_both_sides_and_nothing_that_was_flushed(server: MediaServer) -> None:
    ours: list[tuple[float, bytes]] = []
    theirs: list[bytes] = []

    class Tap:
        def candidate(self, at_s: float, pcm: bytes) -> None:
            theirs.append(pcm)

        def ours(self, at_s: float, pcm: bytes) -> None:
            ours.append((at_s, pcm))

    async with connected(server) as (channel, peer):
        channel.taps.append(Tap())
        await peer.socket.send_bytes(pcm(3))
        playback: Playback = channel.play(chunks(pcm(50), 640))
        await playback.first_audio
        await asyncio.sleep(0.2)
        heard = await playback.stop()
        await wait_until(lambda: len(theirs) == 3)
    told = b"".join(piece for _, piece in ours)
    assert len(told) / 16 == pytest.approx(heard, abs=1)
    assert told == pcm(50)[: len(told)]
    for (at, piece), (following, _) in itertools.pairwise(ours):
        assert following - at >= len(piece) / 16000 - 1e-6  # never two at a time


async def test_what_is_heard_counts_from_when_asterisk_really_began(server: MediaServer) -> None:
    told: list[float] = []

    class Tap:
        def candidate(self, at_s: float, pcm: bytes) -> None: ...

        def ours(self, at_s: float, pcm: bytes) -> None:
            told.append(at_s + len(pcm) / 16000)

    async with connected(server) as (channel, peer):
        channel.taps.append(Tap())
        peer.stuck = True
        playback = channel.play(chunks(pcm(30), 640))
        await asyncio.sleep(0.15)  # Asterisk takes its time
        peer.stuck = False
        first = await playback.first_audio
        assert first is not None
        assert playback.heard_ms() <= 60  # not the 150 ms it was held up
        await asyncio.sleep(0.2)
        assert playback.heard_ms() == pytest.approx(len(peer.played) * 20, abs=SLACK_MS)
        end = await playback.wait()
        assert (end.finished, end.heard_ms) == (True, 600)
        assert told[-1] == pytest.approx(first + 0.6, abs=SLACK_MS / 1000)


@pytest.mark.parametrize("closed_by_us", [False, True])
async def test_the_tap_gets_what_was_heard_until_the_line_was_closed(server: MediaServer, closed_by_us: bool) -> None:
    told: list[bytes] = []

    class Tap:
        def candidate(self, at_s: float, pcm: bytes) -> None: ...

        def ours(self, at_s: float, pcm: bytes) -> None:
            told.append(pcm)

    async with connected(server) as (channel, peer):
        playback = channel.play(chunks(pcm(8), 5 * 640))  # less than the look-ahead: nothing more is to be sent
        await playback.first_audio
        channel.taps.append(Tap())
        await asyncio.sleep(0.1)
        if closed_by_us:
            await server.forget("c1")
        else:
            channel.detach()
        heard = (await playback.wait()).heard_ms
        assert len(b"".join(told)) / 16 == pytest.approx(heard, abs=1)
        assert 0 < heard <= 160
        await peer.socket.close()


async def test_a_port_that_is_taken_is_said(server: MediaServer) -> None:
    with pytest.raises(MediaError, match="cannot listen") as taken:
        async with MediaServer(MediaSettings(port=server.port), TOKEN):
            pass
    assert str(server.port) in str(taken.value)
