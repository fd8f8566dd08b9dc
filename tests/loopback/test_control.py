"""The control port on real sockets: who may order, what is answered, and that a call does not depend on who follows it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import aiohttp
import pytest

from agi_app.config import ControlSettings
from agi_app.control import CallOrder, ControlClient, ControlServer
from agi_app.errors import PackError, SetupError
from agi_app.interview.events import CallFinished, InterviewEvent, StateChanged
from hr_sync.errors import DoNotCallError, HirelineError, NotFoundError
from hr_sync.records import CallResult, CallState, Disposition, Speaker, Turn

TOKEN = "a-token"
NOW = datetime(2026, 1, 5, 10, 15, tzinfo=UTC)


def result(turns: int = 1) -> CallResult:
    said = Turn(who=Speaker.CANDIDATE, text="我期望的薪资是一万二左右" * 10, start_ms=0, end_ms=10)
    return CallResult(
        call_id="call-1",
        attempt=1,
        candidate_id="zhang-wei",
        job_id="sales",
        disposition=Disposition.COMPLETED,
        started_at=NOW,
        ended_at=NOW,
        transcript=(said,) * turns,
    )


class Wing:
    """Stands for the phone wing: its calls begin, wait to be let go, and end."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, str, str | None]] = []
        self.go = asyncio.Event()
        self.ended: list[str] = []
        self.turns = 1
        self.reloads = 0
        self.pack_error: PackError | None = None

    async def reload_language(self) -> None:
        self.reloads += 1
        if self.pack_error is not None:
            raise self.pack_error

    async def interview(
        self, candidate_id: str, job_id: str, to: str | None = None, *, listener: Callable[[InterviewEvent], None]
    ) -> CallResult:
        self.orders.append((candidate_id, job_id, to))
        if candidate_id == "nobody":
            raise NotFoundError("there is no candidate nobody", remedy="correct the id")
        if candidate_id == "blocked":
            raise DoNotCallError("candidate blocked must not be called")
        if candidate_id == "bug":
            raise RuntimeError("a bug")
        listener(StateChanged("call-1", CallState.DIALLING))
        done = result(self.turns)
        try:
            await self.go.wait()
            self.ended.append("by itself")
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        finally:
            listener(CallFinished("call-1", done))
        return done


@pytest.fixture
def wing() -> Wing:
    return Wing()


@pytest.fixture
async def control(wing: Wing) -> AsyncIterator[ControlServer]:
    before = asyncio.all_tasks()
    async with asyncio.timeout(10), ControlServer(wing, ControlSettings(port=0), TOKEN) as server:
        yield server
    await asyncio.sleep(0)
    assert not {task for task in asyncio.all_tasks() - before if not task.done()} - {asyncio.current_task()}


def client(control: ControlServer, token: str = TOKEN) -> ControlClient:
    return ControlClient(ControlSettings(port=control.port), token)


def order(candidate_id: str = "zhang-wei") -> CallOrder:
    return CallOrder(candidate_id=candidate_id, job_id="sales", to="PJSIP/alice")


async def test_events_are_followed_to_the_end(control: ControlServer, wing: Wing) -> None:
    assert await client(control).running()
    seen = []
    async for event in client(control).call(order()):
        seen.append(event)
        assert wing.go.is_set() or control.calls == 1
        wing.go.set()
    assert seen == [StateChanged("call-1", CallState.DIALLING), CallFinished("call-1", result())]
    assert wing.orders == [("zhang-wei", "sales", "PJSIP/alice")]
    await control.drain()
    assert control.calls == 0


async def test_a_very_long_result_comes_through(control: ControlServer, wing: Wing) -> None:
    wing.turns = 2000
    wing.go.set()
    *_, last = [event async for event in client(control).call(order())]
    assert isinstance(last, CallFinished)
    assert last.result == result(2000)
    assert len(last.result.model_dump_json()) > 400_000


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer another"}, {"Authorization": "Bearer "}, {"Authorization": TOKEN[:-1]}]
)
async def test_a_wrong_token_is_refused(control: ControlServer, wing: Wing, headers: dict[str, str]) -> None:
    base = f"http://127.0.0.1:{control.port}/v1"
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.get(f"{base}/health") as response:
            assert response.status == 401
        async with http.post(f"{base}/calls", json=order().model_dump()) as response:
            assert response.status == 401
            assert (await response.json())["error"] == "unauthorised"
    assert wing.orders == []
    assert not await client(control, "another").running()


@pytest.mark.parametrize(
    ("candidate_id", "status", "code"), [("nobody", 404, "not_found"), ("blocked", 409, "do_not_call"), ("bug", 500, "not_placed")]
)
async def test_an_order_that_cannot_be_carried_out(control: ControlServer, candidate_id: str, status: int, code: str) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http,
        http.post(f"http://127.0.0.1:{control.port}/v1/calls", json=order(candidate_id).model_dump()) as response,
    ):
        assert response.status == status
        assert (await response.json())["error"] == code
    if candidate_id == "nobody":
        with pytest.raises(HirelineError, match=r"there is no candidate nobody\n.*\n.*correct the id"):
            [event async for event in client(control).call(order(candidate_id))]
    assert control.calls == 0


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "Invalid JSON"),
        (b'{"candidate_id": "a"}', "job_id: Field required"),
        (b'{"candidate_id": "a", "job_id": "b", "whatever": "13800000001"}', "whatever: Extra inputs"),
    ],
)
async def test_an_order_that_is_none(control: ControlServer, wing: Wing, body: bytes, says: str) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http,
        http.post(f"http://127.0.0.1:{control.port}/v1/calls", data=body) as response,
    ):
        assert response.status == 400
        answer = await response.text()
    assert says in answer
    assert "13800000001" not in answer
    assert wing.orders == []


async def test_a_call_goes_on_when_nobody_follows_it(control: ControlServer, wing: Wing) -> None:
    following = client(control).call(order())
    await anext(following)
    await following.aclose()
    assert control.calls == 1
    wing.go.set()
    await control.drain()
    assert wing.ended == ["by itself"]


async def test_while_it_drains_no_order_is_taken(control: ControlServer, wing: Wing) -> None:
    following = client(control).call(order())
    await anext(following)
    draining = asyncio.create_task(control.drain())
    await asyncio.sleep(0)
    with pytest.raises(HirelineError, match="stopping"):
        [event async for event in client(control).call(order())]
    assert not draining.done()
    wing.go.set()
    assert [type(event) for event in [each async for each in following]] == [CallFinished]
    await draining


async def test_leaving_ends_calls_and_tells_who_follows(wing: Wing) -> None:
    async with asyncio.timeout(5):
        async with ControlServer(wing, ControlSettings(port=0), TOKEN) as server:
            following = client(server).call(order())
            await anext(following)
        rest = [event async for event in following]
    assert [type(event) for event in rest] == [CallFinished]
    assert wing.ended == ["cancelled"]


async def test_a_server_that_goes_away_in_mid_call_is_told() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(half, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(HirelineError, match="went away during the call"):
            [event async for event in ControlClient(ControlSettings(port=port), TOKEN).call(order())]


async def test_a_taken_port_is_told(wing: Wing) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(SetupError, match=f"control port {port} is taken"):
            async with ControlServer(wing, ControlSettings(port=port), TOKEN):
                pass


async def test_the_language_pack_is_taken_anew(control: ControlServer, wing: Wing) -> None:
    await client(control).reload_pack()
    assert wing.reloads == 1
    wing.pack_error = PackError("`{pay.rnage}` is no fact", where="answers/pay.yaml:7", remedy="correct the line")
    with pytest.raises(HirelineError, match=r"pay.rnage.*answers/pay.yaml:7") as caught:
        await client(control).reload_pack()
    assert caught.value.remedy == "correct the line"
    with pytest.raises(HirelineError):
        await client(control, "another").reload_pack()
    assert wing.reloads == 2


async def test_no_server_to_take_a_pack(unused_tcp_port: int) -> None:
    with pytest.raises(HirelineError, match="no server answers"):
        await ControlClient(ControlSettings(port=unused_tcp_port), TOKEN).reload_pack()
