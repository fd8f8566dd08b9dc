"""The FastAGI server: reads a request, asks the route's handler for channel variables, sets them, and closes.

Every connection has a limit in size and in time, and what breaks the rules is closed and counted; nothing a peer sends, or leaves
unsent, can hold up another connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self

import structlog

from agi_app.errors import TelephonyError
from agi_app.telephony.fastagi.protocol import LONGEST_LINE, AgiError, AgiRequest, RequestReader, parse_reply, set_variable
from hr_sync.errors import HirelineError

_log = structlog.get_logger(__name__)
_REQUEST_S = 2.0
"""Asterisk sends a request in one go."""
_ANSWER_S = 5.0
"""A caller hears ringing so long at most."""
_AT_ONCE = 64

Handler = Callable[[AgiRequest], Awaitable[Mapping[str, str]]]
"""A request in, channel variables to set out."""


class FastAgiServer:
    """Use as an async context manager.

    Args:
        host: address to listen on.
        port: 0 for any free one, see `port`.
        routes: path to handler.
    """

    def __init__(self, host: str, port: int, routes: Mapping[str, Handler]) -> None:
        self.port = port
        self.answered = 0
        self.refused = 0
        """Connections that broke the rules or a limit, named no route, or whose handler failed."""
        self._host = host
        self._routes = dict(routes)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(self._accept, self._host, self.port, limit=LONGEST_LINE)
        except OSError as error:
            raise TelephonyError(
                f"the FastAGI server cannot listen: {error.strerror}",
                where=f"{self._host}:{self.port}",
                remedy="stop the program that uses the port, or set inbound.agi_port",
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        _log.info("fastagi_up", host=self._host, port=self.port)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this as a task
        self._tasks.add(task)
        try:
            if len(self._tasks) > _AT_ONCE:
                raise AgiError("too many connections at once")
            await self._serve(reader, writer)
            self.answered += 1
        except (HirelineError, TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            self.refused += 1
            _log.warning("fastagi_refused", reason=error.what if isinstance(error, HirelineError) else type(error).__name__)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_REQUEST_S):
            gathered, request = RequestReader(), None
            while request is None:
                request = gathered.feed(await _line(reader))
        handler = self._routes.get(request.route)
        if handler is None:
            raise AgiError("the dialplan asked at a route there is not")
        async with asyncio.timeout(_ANSWER_S):
            for name, value in (await handler(request)).items():
                writer.write(set_variable(name, value).encode())
                await writer.drain()
                if (reply := parse_reply(await _line(reader))).code != 200:
                    raise AgiError(f"Asterisk refused to set a variable: {reply.code}")


async def _line(reader: asyncio.StreamReader) -> str:
    """The next line without its end. Raises AgiError at the end of the stream and for a line that is too long."""
    try:
        return (await reader.readuntil(b"\n")).decode("utf-8", "replace").rstrip("\r\n")
    except asyncio.IncompleteReadError as error:
        raise AgiError("the connection ended in the middle") from error
    except asyncio.LimitOverrunError as error:
        raise AgiError("a line is too long") from error
