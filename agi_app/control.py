"""The running server takes orders here: place a call, follow it. HTTP on loopback, with a token only this machine's user can read.

POST /v1/calls   {"candidate_id": …, "job_id": …, "to": …}   → the call's events, one JSON object a line, CallFinished last
POST /v1/pack/reload                                           → takes the language pack from its files; 409 keeps the one in use
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
from pydantic_core import ErrorDetails

from agi_app.app import Hireline
from agi_app.config import ControlSettings
from agi_app.errors import SetupError
from agi_app.interview.events import InterviewEvent, event_from_json, event_to_json
from hr_sync.errors import HirelineError, NotFoundError

log = structlog.get_logger(__name__)

_BODY_LIMIT = 4096
_RELOAD_S = 120
"""A changed classifier is trained anew, on a busy machine."""
_LONGEST_LINE = 1 << 22
"""Bytes of one event: a long call's result is the longest."""
_Told = InterviewEvent | HirelineError | None
"""What an order comes to: events, an error, and None when nothing more follows."""


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
        self._calls: set[asyncio.Task[None]] = set()
        self._draining = False
        app = web.Application(client_max_size=_BODY_LIMIT, middlewares=[self._authorise])
        app.router.add_post("/v1/calls", self._place)
        app.router.add_post("/v1/pack/reload", self._reload_pack)
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
        """End the calls that run still, tell those who follow them, and take no more orders."""
        self._draining = True
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await self._runner.cleanup()

    @property
    def calls(self) -> int:
        """Calls that were ordered here and still run."""
        return len(self._calls)

    async def drain(self) -> None:
        """Take no more orders, and wait until every ordered call has ended."""
        self._draining = True
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

    async def _reload_pack(self, request: web.Request) -> web.Response:
        try:
            await self._hireline.reload_language()
        except HirelineError as error:
            return _problem(409, error.code, f"{error.what} ({error.where})" if error.where else error.what, error.remedy)
        return web.json_response({"status": "reloaded"})

    async def _place(self, request: web.Request) -> web.StreamResponse:
        if self._draining:
            return _problem(503, "stopping", "the server is stopping and takes no more orders", "order again when it is back")
        try:
            order = CallOrder.model_validate_json(await request.read())
        except ValidationError as error:
            return _problem(400, "invalid_order", "; ".join(_fault(item) for item in error.errors()), "see: hireline call --help")
        told: asyncio.Queue[_Told] = asyncio.Queue()
        task = asyncio.create_task(self._run(order, told))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        first = await told.get()
        if isinstance(first, HirelineError):
            return _problem(404 if isinstance(first, NotFoundError) else 409, first.code, first.what, first.remedy)
        if first is None:
            return _problem(500, "not_placed", "the call could not be placed", "the server's log has the reason")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        try:
            await response.prepare(request)
            await _follow(response, first, told)
        except ConnectionError:
            log.info("order_unattended")  # nobody listens any more; the call goes on
        return response

    async def _run(self, order: CallOrder, told: asyncio.Queue[_Told]) -> None:
        """One call; it goes on when the one who ordered it stops listening."""
        try:
            await self._hireline.interview(order.candidate_id, order.job_id, order.to, listener=told.put_nowait)
        except HirelineError as error:
            told.put_nowait(error)
        except Exception:
            log.exception("order_failed")
        finally:
            told.put_nowait(None)


async def _follow(response: web.StreamResponse, first: InterviewEvent, told: asyncio.Queue[_Told]) -> None:
    """Pass the events on, to the last."""
    event: _Told = first
    while event is not None and not isinstance(event, HirelineError):
        await response.write(json.dumps(event_to_json(event), ensure_ascii=False).encode() + b"\n")
        event = await told.get()
    await response.write_eof()


def _fault(item: ErrorDetails) -> str:
    """What is wrong with a field, without its value."""
    place = ".".join(map(str, item["loc"]))
    return f"{place}: {item['msg']}" if place else item["msg"]


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

    async def reload_pack(self) -> None:
        """Have the server take the language pack from its files. Raises HirelineError when it is refused, or no server runs."""
        try:
            async with (
                aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=_RELOAD_S)) as session,
                session.post(f"{self._url}/v1/pack/reload") as response,
            ):
                if response.status != 200:
                    problem = await response.json()
                    raise HirelineError(problem["what"], where=self._url, remedy=problem.get("remedy"))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise HirelineError("no server answers", where=self._url, remedy="start one: hireline serve") from error

    async def call(self, order: CallOrder) -> AsyncIterator[InterviewEvent]:
        """Place a call and follow it. Raises HirelineError when the server refuses."""
        async with (
            aiohttp.ClientSession(
                headers=self._headers, timeout=aiohttp.ClientTimeout(total=None), read_bufsize=_LONGEST_LINE
            ) as session,
            session.post(f"{self._url}/v1/calls", json=order.model_dump()) as response,
        ):
            if response.status != 200:
                problem = await response.json()
                raise HirelineError(problem["what"], where=self._url, remedy=problem.get("remedy"))
            try:
                async for line in response.content:
                    yield event_from_json(json.loads(line))
            except aiohttp.ClientError as error:
                raise self.broken() from error

    def broken(self) -> HirelineError:
        """The error for a call whose events ended before its result."""
        return HirelineError(
            "the server went away during the call", where=self._url, remedy="start it again; it ends the call it left behind"
        )
