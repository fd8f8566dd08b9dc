"""The API as a server: started and stopped with `async with`, over TLS when it has a certificate."""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable, Sized
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import Self

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel
from pydantic_core import to_json

from hr_sync.api import calls, jobs, openapi, people, problems, recordings, results, service
from hr_sync.api.gate import Gate
from hr_sync.api.limits import RateLimiter
from hr_sync.api.operation import HEADERS, KEY_ID, Ask, Operation, Resources
from hr_sync.api.problems import ProblemError
from hr_sync.api.rules import ApiRules
from hr_sync.api.work import Workers
from hr_sync.care.recordings import RecordingFolder
from hr_sync.errors import HirelineError, ServiceError
from hr_sync.store.api_keys import ApiKeys
from hr_sync.store.erasing import Erasing
from hr_sync.store.sqlite import SqliteStore

log = structlog.get_logger(__name__)

OPERATIONS: tuple[Operation, ...] = (
    *results.OPERATIONS,
    *calls.OPERATIONS,
    *recordings.OPERATIONS,
    *people.OPERATIONS,
    *jobs.OPERATIONS,
    *service.OPERATIONS,
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_COMPRESSED_FROM = 1024
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def description() -> dict[str, object]:
    """The OpenAPI document."""
    return openapi.describe(OPERATIONS, version("hireline"))


class ApiServer:
    """The REST API, running. Use it as an async context manager.

    Args:
        store: the HR database.
        keys: that open the API.
        recordings_folder: where recordings lie.
        rules: address, limits, TLS.
        audit: writes down who saw or changed what; blocks.
        now: the time.

    Raises:
        ServiceError: the port is taken, or the certificate cannot be used.
    """

    def __init__(
        self,
        store: SqliteStore,
        keys: ApiKeys,
        recordings_folder: RecordingFolder,
        rules: ApiRules,
        *,
        audit: Callable[[str, str, str], object] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rules = rules
        self._audit = audit
        self._workers = Workers(rules.threads, rules.waiting)
        self._resources = Resources(store, recordings_folder, Erasing(store.transactions), now)
        self._gate = Gate(keys, self._workers, RateLimiter(rules.rate_per_s, rules.burst), now)
        app = web.Application(client_max_size=rules.body_limit_bytes, middlewares=[self._answer])
        for operation in OPERATIONS:
            app.router.add_route(operation.method, operation.path, self._handler(operation))
        document = to_json(description())
        app.router.add_route("GET", "/openapi.json", _static(document))
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        self.port = rules.port

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"{'https' if self._rules.certificate else 'http'}://{self._rules.host}:{self.port}"

    async def __aenter__(self) -> Self:
        context = _tls(self._rules)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._rules.host, self._rules.port, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise ServiceError(
                f"the REST API cannot listen on port {self._rules.port}: {error.strerror}",
                where="setting api.port",
                remedy="is another `hireline serve` or `hireline api serve` running? Stop it, or set another port",
            ) from error
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._runner.cleanup()
        await asyncio.to_thread(self._workers.close)

    def _handler(self, operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            ask = await self._gate.look(request, operation)
            if operation.stream is not None:
                if operation.audit is not None:
                    await self._workers(self._note, operation, ask)
                return await operation.stream(self._resources, ask)
            body: bytes = await self._workers(self._run, operation, ask)
            response = web.Response(body=body, content_type="application/json", charset="utf-8")
            if len(body) >= _COMPRESSED_FROM:
                response.enable_compression()
            return response

        return handle

    def _run(self, operation: Operation, ask: Ask) -> bytes:
        """In a thread: the operation, its line in the audit log, its answer as JSON."""
        if operation.run is None:
            raise TypeError(f"{operation.id} has nothing to run")
        answer: BaseModel = operation.run(self._resources, ask)
        if not (isinstance(answer, Sized) and len(answer) == 0):  # who asks for what is new and gets nothing saw nothing
            self._note(operation, ask)
        return answer.model_dump_json().encode()

    def _note(self, operation: Operation, ask: Ask) -> None:
        if self._audit is not None and operation.audit is not None and ask.key is not None:
            self._audit(f"key:{ask.key.id}", operation.audit, ask.id)

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Errors as problem documents, a request id, one line in the log. Never the address as it was sent: only its form."""
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        began = time.perf_counter()
        request[HEADERS] = _HEADERS | {"X-Request-Id": request_id}
        try:
            response = await handler(request)
        except ProblemError as problem:
            response = problem.response(request_id)
        except web.HTTPException as error:
            response = problems.of_http(error).response(request_id)
        except HirelineError as error:
            known = problems.of_error(error)
            if known is None:
                log.exception("request_failed", request_id=request_id)
            response = (known or _failed()).response(request_id)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("request_failed", request_id=request_id)
            response = _failed().response(request_id)
        if not response.prepared:
            response.headers.update(request[HEADERS])
        resource = request.match_info.route.resource
        log.info(
            "request",
            request_id=request_id,
            method=request.method if request.method in {"GET", "PUT", "POST"} else "other",
            route=resource.canonical if resource else "unknown",
            status=response.status,
            ms=round((time.perf_counter() - began) * 1000, 1),
            key=request.get(KEY_ID),
        )
        return response


def _failed() -> ProblemError:
    return ProblemError(500, "failed", "the server failed", remedy="its log has the reason under this request id")


def _static(document: bytes) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def send(request: web.Request) -> web.StreamResponse:
        response = web.Response(body=document, content_type="application/json", charset="utf-8")
        response.enable_compression()
        return response

    return send


def _tls(rules: ApiRules) -> ssl.SSLContext | None:
    if rules.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(rules.certificate, rules.private_key)
    except (OSError, ssl.SSLError) as error:
        raise ServiceError(
            f"the certificate of the REST API cannot be used: {error}",
            where=str(rules.certificate),
            remedy="set api.certificate and api.private_key to PEM files that belong together",
        ) from error
    return context
