"""The ARI connection against a server that misbehaves: cut, slow, full of garbage, taken over."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Self

import pytest
from aiohttp import WSMsgType, web
from structlog.testing import capture_logs

from agi_app.cli.calls import _until_stopped
from agi_app.config import AsteriskSettings
from agi_app.errors import AriError, AriLostError
from agi_app.telephony.ari import events as ari
from agi_app.telephony.ari.connection import AriConnection
from agi_app.telephony.ari.router import CallQueue

PASSWORD = "pass-word-of-the-test"


class BadAsterisk:
    """An ARI server whose faults the test chooses."""

    def __init__(self) -> None:
        self.channels: dict[str, dict[str, object]] = {}
        self.bridges: dict[str, dict[str, object]] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self.connections = 0
        self.refuse_stream = 0
        self.fail_requests = 0
        self.delay_s = 0.0
        self.at_once = self.most_at_once = 0
        self.deleted: list[str] = []
        self.seen_urls: list[str] = []
        self.silent = False

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._guard])
        application.router.add_get("/ari/events", self._events)
        application.router.add_get("/ari/asterisk/ping", self._ping)
        for kind in ("channels", "bridges"):
            application.router.add_get(f"/ari/{kind}", self._list)
            application.router.add_get(f"/ari/{kind}/{{id}}", self._one)
            application.router.add_delete(f"/ari/{kind}/{{id}}", self._delete)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in self.sockets:
            await socket.close()
        await self._runner.cleanup()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.seen_urls.append(str(request.url))
        wanted = "Basic " + base64.b64encode(f"hireline:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return web.json_response({"error": "Authentication required"}, status=401)
        if request.path != "/ari/events":
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await asyncio.sleep(self.delay_s)
            self.at_once -= 1
            if self.fail_requests:
                self.fail_requests -= 1
                return web.json_response({"error": "Allocation failed"}, status=500)
        return await handler(request)

    async def _ping(self, _: web.Request) -> web.Response:
        return web.json_response({"ping": "pong"})

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(list(getattr(self, request.path.rsplit("/", 1)[1]).values()))

    async def _one(self, request: web.Request) -> web.Response:
        found = getattr(self, request.path.split("/")[2]).get(request.match_info["id"])
        return web.json_response(found) if found else web.json_response({"message": "Channel not found"}, status=404)

    async def _delete(self, request: web.Request) -> web.Response:
        entity = request.match_info["id"]
        self.deleted.append(entity)
        if getattr(self, request.path.split("/")[2]).pop(entity, None) is None:
            return web.json_response({"message": "Channel not found"}, status=404)
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.connections += 1
        if self.refuse_stream:
            self.refuse_stream -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=not self.silent)
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.PING):
                break
        return socket

    def add(self, entity: str, *, app: str = "hireline") -> None:
        self.channels[entity] = {
            "id": entity,
            "name": "PJSIP/x-1",
            "state": "Up",
            "dialplan": {"app_name": "Stasis", "app_data": f"{app},x"},
        }

    async def say(self, message: str | dict[str, object]) -> None:
        await self.sockets[-1].send_str(message if isinstance(message, str) else json.dumps(message))

    def key(self, call_id: str, digit: str) -> dict[str, object]:
        channel = {"id": f"{call_id}-leg", "name": "PJSIP/x-1", "state": "Up"}
        return {"type": "ChannelDtmfReceived", "channel": channel, "digit": digit, "duration_ms": 80}

    async def cut_cleanly(self) -> None:
        await self.sockets[-1].close()

    async def cut(self) -> None:
        transport = self.sockets[-1]._req.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()


@pytest.fixture
async def server() -> AsyncIterator[BadAsterisk]:
    before = asyncio.all_tasks()
    async with BadAsterisk() as server:
        yield server
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:  # the server's own handlers may still be asleep
        _, left = await asyncio.wait(left, timeout=2)
    assert not left, left


@asynccontextmanager
async def connected(server: BadAsterisk, password: str = PASSWORD, **settings: object) -> AsyncIterator[AriConnection]:
    values = {"http_port": server.port, "reconnect_max_s": 0.2, "request_timeout_s": 2, **settings}
    async with AriConnection(AsteriskSettings(**values), password) as connection:  # type: ignore[arg-type]
        yield connection


async def next_of(queue: CallQueue, kind: type[ari.AriEvent], limit_s: float = 3) -> ari.AriEvent:
    async with asyncio.timeout(limit_s):
        async for event in queue:
            if isinstance(event, kind):
                return event
    raise AssertionError


async def wait_until(condition: Callable[[], bool], limit_s: float = 3) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - looks at another party's state
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("how", ["cut", "cut_cleanly"])
async def test_a_lost_stream_is_noticed_and_comes_back(server: BadAsterisk, how: str) -> None:
    server.add("c1-leg")
    async with connected(server) as connection:
        await connection.wait_connected(2)
        queue = connection.own("c1")
        await getattr(server, how)()
        await next_of(queue, ari.ConnectionLost)
        assert not connection.connected.is_set()
        await connection.wait_connected(2)
        back = await next_of(queue, ari.Resynchronised)
        assert isinstance(back, ari.Resynchronised)
        assert [channel.id for channel in back.channels] == ["c1-leg"]
        await server.say(server.key("c1", "7"))
        key = await next_of(queue, ari.ChannelDtmfReceived)
        assert isinstance(key, ari.ChannelDtmfReceived)
        assert key.digit == "7"
        assert connection.losses == 1
        assert server.deleted == []


async def test_what_nobody_owns_is_removed_and_failures_are_tried_again(server: BadAsterisk) -> None:
    for entity in ("old-leg", "old-media", "mine-leg"):
        server.add(entity)
    server.add("strange-leg", app="another")
    server.bridges["old-bridge"] = {"id": "old-bridge", "name": "hireline", "channels": []}
    server.fail_requests = 3
    async with connected(server) as connection:
        connection.own("mine")
        await wait_until(lambda: connection.orphans == 3)
    assert sorted(server.deleted) == ["old-bridge", "old-leg", "old-media"]


async def test_a_call_given_up_uncleanly_is_swept(server: BadAsterisk) -> None:
    async with connected(server) as connection:
        await wait_until(lambda: any("bridges" in url for url in server.seen_urls))  # the sweep that comes with the connection
        connection.own("c1")
        server.add("c1-leg")
        connection.disown("c1", clean=False)
        await wait_until(lambda: server.deleted == ["c1-leg"])
        server.add("c2-leg")  # one that comes up after its call was given up
        await server.say({"type": "StasisStart", "args": [], "channel": server.channels["c2-leg"]})
        await wait_until(lambda: server.deleted == ["c1-leg", "c2-leg"])


async def test_garbage_unknown_and_doubled_events_harm_nobody(server: BadAsterisk) -> None:
    async with connected(server) as connection:
        await connection.wait_connected(2)
        queue = connection.own("c1")
        for message in ("", "not json", "[]", '{"type":1}', '{"type":"BrandNew","channel":{"id":"c1-leg"}}', '{"type":"Dial"}'):
            await server.say(message)
        await server.sockets[-1].send_bytes(b"\xff\xfe\x00")
        start: dict[str, object] = {
            "type": "StasisStart",
            "args": ["c1", "leg"],
            "channel": {"id": "c1-leg", "name": "x", "state": "Down"},
        }
        await server.say(start)
        await server.say(start)
        await server.say(server.key("c1", "1"))
        events: list[ari.AriEvent] = []
        async with asyncio.timeout(2):
            async for event in queue:
                events.append(event)
                if isinstance(event, ari.ChannelDtmfReceived):
                    break
        kinds = [type(event).__name__ for event in events if not isinstance(event, ari.Resynchronised)]
        assert kinds == ["UnknownEvent", "StasisStart", "StasisStart", "ChannelDtmfReceived"]
        assert connection.losses == 0


async def test_a_call_that_does_not_read_its_events_holds_up_nobody(server: BadAsterisk) -> None:
    async with connected(server) as connection:
        await connection.wait_connected(2)
        slow, quick = connection.own("slow"), connection.own("quick")
        for number in range(1000):
            await server.say(server.key("slow", str(number)))
        await server.say(server.key("quick", "5"))
        assert await next_of(quick, ari.ChannelDtmfReceived)
        assert slow.dropped > 400


async def test_a_server_that_refuses_the_stream_for_a_while(server: BadAsterisk) -> None:
    server.refuse_stream = 3
    async with connected(server) as connection:
        with pytest.raises(AriLostError, match=r"within 0\.01 s"):
            await connection.wait_connected(0.01)
        await connection.wait_connected(3)
    assert server.connections == 4
    assert connection.losses == 0  # it had never been up


async def test_pauses_grow_and_stay_within_the_limit(server: BadAsterisk) -> None:
    server.refuse_stream = 1000
    with capture_logs() as logs:
        async with connected(server, reconnect_max_s=0.3):
            await asyncio.sleep(1.2)
    pauses = [entry["retry_in_s"] for entry in logs if entry["event"] == "ari_stream_down"]
    assert 4 <= len(pauses) <= 12
    assert max(pauses) <= 0.3
    assert pauses[0] <= 0.1


async def test_a_dead_peer_is_noticed_by_the_heartbeat(server: BadAsterisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agi_app.telephony.ari.connection._HEARTBEAT_S", 0.2)
    server.silent = True  # the connection stands, but nobody answers pings
    async with connected(server) as connection:
        await connection.wait_connected(2)
        await wait_until(lambda: connection.losses >= 1, limit_s=2)


async def test_another_program_takes_the_application_over(server: BadAsterisk) -> None:
    async with connected(server) as connection:
        await connection.wait_connected(2)
        queue = connection.own("c1")
        await server.say({"type": "ApplicationReplaced", "application": "hireline"})
        assert await next_of(queue, ari.ApplicationReplaced)
        error = await asyncio.wait_for(asyncio.shield(connection.failed), 1)
        assert "another program" in error.what
        with pytest.raises(AriError, match="another program"):
            await connection.wait_connected(1)
        await asyncio.sleep(0.3)
        assert server.connections == 1  # no fight over it


async def test_a_stream_that_does_not_come_back_is_given_up(server: BadAsterisk) -> None:
    async with connected(server, lost_limit_s=0.4, reconnect_max_s=0.1) as connection:
        await connection.wait_connected(2)
        server.refuse_stream = 1
        await server.cut()  # a short loss is borne
        await wait_until(lambda: connection.losses == 1 and connection.connected.is_set())
        assert not connection.failed.done()
        server.refuse_stream = 10_000
        await server.cut()
        error = await asyncio.wait_for(asyncio.shield(connection.failed), 3)
        assert isinstance(error, AriLostError)
        assert "did not come back within 0.4 s" in error.what
        attempts = server.connections
        await asyncio.sleep(0.3)
        assert server.connections == attempts  # nobody tries any more


async def test_serve_ends_with_the_error_for_which_asterisk_was_given_up() -> None:
    stop: asyncio.Queue[int] = asyncio.Queue()
    failed: asyncio.Future[AriError] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(_until_stopped(stop, failed))
    await asyncio.sleep(0)
    assert not waiting.done()
    failed.set_result(AriLostError("gone", remedy="start it again"))
    with pytest.raises(AriLostError, match="gone"):
        await waiting
    stop.put_nowait(15)
    await _until_stopped(stop, asyncio.get_running_loop().create_future())  # a wish to stop is no error


async def test_refusals_and_silence_are_errors_that_say_what_was_asked(server: BadAsterisk) -> None:
    async with connected(server, request_timeout_s=0.2) as connection:
        await wait_until(lambda: "bridges" in server.seen_urls[-1] if server.seen_urls else False)  # the first sweep is over
        server.fail_requests = 1
        with pytest.raises(AriError, match=r"refused to ask whether Asterisk is there: HTTP 500 Allocation failed") as caught:
            await connection.client.ping()
        assert caught.value.status == 500
        assert not caught.value.retryable
        server.delay_s = 1
        with pytest.raises(AriLostError, match="no answer in time"):
            await connection.client.ping()
    async with connected(server) as connection:
        await connection.wait_connected(2)
        server.delay_s = 0
        assert await connection.client.channel("nobody") is None
        assert await connection.client.hang_up("nobody") is False
        connection.own("c1")
        with pytest.raises(AriError, match="driven already"):
            connection.own("c1")


async def test_no_more_new_connections_at_once_than_asterisk_queues(server: BadAsterisk) -> None:
    async with connected(server) as connection:
        await connection.wait_connected(2)
        server.delay_s = 0.02
        await asyncio.gather(*(connection.client.ping() for _ in range(40)))
    assert 4 <= server.most_at_once <= 8  # the stream's own connection besides


async def test_the_password_is_in_no_address_and_no_log(server: BadAsterisk) -> None:
    with capture_logs() as logs:
        async with connected(server, password="wrong-" + PASSWORD) as connection:
            with pytest.raises(AriLostError) as lost:
                await connection.wait_connected(0.2)
            with pytest.raises(AriError) as refused:
                await connection.client.ping()
    assert refused.value.status == 401
    text = repr([logs, server.seen_urls, str(lost.value), str(refused.value)])
    assert PASSWORD not in text
    assert any("401" in str(entry.get("reason")) for entry in logs)
