"""The running server takes orders here: place a call, follow it. HTTP on loopback, with a token only this machine's user can read.

POST /v1/calls   {"candidate_id": …, "job_id": …, "to": …}   → the call's events, one JSON object a line, CallFinished last
GET  /v1/health                                                → {"status": "ok", "calls": n}
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import aiohttp
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, ValidationError

from agi_app.app import Hireline
from agi_app.config import ControlSettings
from agi_app.errors import SetupError
from agi_app.interview.events import CallFinished, InterviewEvent, event_from_json, event_to_json
from hr_sync.errors import HirelineError, NotFoundError

log = structlog.get_logger(__name__)

_BODY_LIMIT = 4096


class CallOrder(BaseModel):
    """One call to place now."""

    model_config = ConfigDict(extra="forbid")

    candidate_id: str
    job_id: str
    to: str | None = None


class ControlServer:
    """Takes orders for a running phone wing.

    Raises:
        SetupError: the port is taken.
    """

    def __init__(self, hireline: Hireline, settings: ControlSettings, token: str) -> None:
        self._hireline = hireline
        self._settings = settings
        self._token = token
        self._calls: set[asyncio.Task[object]] = set()
        app = web.Application(client_max_size=_BODY_LIMIT, middlewares=[self._authorise])
        app.router.add_post("/v1/calls", self._place)
        app.router.add_get("/v1/health", self._health)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=False)
        self.port = settings.port

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise SetupError(
                f"the control port {self._settings.port} is taken",
                where="setting control.port",
                remedy="is another `hireline serve` running? Stop it, or set another port",
            ) from error
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take no more orders, let running calls end on their own task groups."""
        await self._runner.cleanup()
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    @property
    def calls(self) -> int:
        """Calls that were ordered here and still run."""
        return len(self._calls)

    async def drain(self) -> None:
        """Wait until every ordered call has ended."""
        while self._calls:
            await asyncio.wait(self._calls)

    @web.middleware
    async def _authorise(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _problem(401, "unauthorised", "the token is missing or wrong")
        return await handler(request)

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "calls": self.calls})

    async def _place(self, request: web.Request) -> web.StreamResponse:
        try:
            order = CallOrder.model_validate(await request.json())
        except (ValueError, ValidationError) as error:
            return _problem(400, "invalid_order", str(error).splitlines()[0])
        events: asyncio.Queue[InterviewEvent | HirelineError] = asyncio.Queue()
        task = asyncio.create_task(self._run(order, events))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        first = await events.get()
        if isinstance(first, HirelineError):
            return _problem(404 if isinstance(first, NotFoundError) else 409, first.code, first.what, first.remedy)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        await _follow(response, first, events)
        return response

    async def _run(self, order: CallOrder, events: asyncio.Queue[InterviewEvent | HirelineError]) -> None:
        """One call; it goes on when the one who ordered it stops listening."""
        try:
            await self._hireline.interview(order.candidate_id, order.job_id, order.to, listener=events.put_nowait)
        except HirelineError as error:
            events.put_nowait(error)


async def _follow(
    response: web.StreamResponse, first: InterviewEvent, events: asyncio.Queue[InterviewEvent | HirelineError]
) -> None:
    event: InterviewEvent | HirelineError = first
    while not isinstance(event, HirelineError):
        try:
            await response.write(json.dumps(event_to_json(event), ensure_ascii=False).encode() + b"\n")
        except ConnectionError:
            return  # nobody listens any more; the call goes on
        if isinstance(event, CallFinished):
            break
        event = await events.get()
    await response.write_eof()


def _problem(status: int, code: str, what: str, remedy: str | None = None) -> web.Response:
    return web.json_response({"error": code, "what": what, "remedy": remedy}, status=status)


class ControlClient:
    """Speaks to the server that runs on this machine."""

    def __init__(self, settings: ControlSettings, token: str) -> None:
        self._url = f"http://{settings.host}:{settings.port}"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def running(self) -> bool:
        """Whether a server of ours listens there."""
        try:
            async with (
                aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=2)) as session,
                session.get(f"{self._url}/v1/health") as response,
            ):
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def call(self, order: CallOrder) -> AsyncIterator[InterviewEvent]:
        """Place a call and follow it. Raises HirelineError when the server refuses."""
        async with (
            aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=None)) as session,
            session.post(f"{self._url}/v1/calls", json=order.model_dump()) as response,
        ):
            if response.status != 200:
                problem = await response.json()
                raise HirelineError(problem["what"], where=self._url, remedy=problem.get("remedy"))
            async for line in response.content:
                yield event_from_json(json.loads(line))

    def broken(self) -> HirelineError:
        """The error for a call whose events ended before its result."""
        return HirelineError(
            "the server went away during the call", where=self._url, remedy="start it again; it ends the call it left behind"
        )
