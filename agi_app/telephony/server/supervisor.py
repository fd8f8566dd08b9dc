"""Asterisk kept running: one of our own that ends unexpectedly is started again, again and again if need be."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import structlog

from agi_app.telephony.server.process import AsteriskServer
from hr_sync.errors import HirelineError

_log = structlog.get_logger(__name__)
_FIRST_PAUSE_S = 0.2
_STEADY_S = 60.0
"""An Asterisk that lived so long was well: its end is a new trouble, not the old one again."""


class AsteriskSupervisor:
    """Use as an async context manager: starts the server, keeps it running, stops it.

    The calls that were up when Asterisk ended have ended with it; the event stream reconnects by itself when it is back.

    Args:
        server: not started yet.
        longest_pause_s: between two attempts to start it; the pauses double from 0.2 s.
    """

    def __init__(self, server: AsteriskServer, *, longest_pause_s: float = 30.0) -> None:
        self.server = server
        self.restarts = 0
        """How often it was brought back."""
        self._longest_pause_s = longest_pause_s
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.server.start()
        self._task = asyncio.create_task(self._keep_running(), name="asterisk-supervisor")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self.server.stop()

    async def _keep_running(self) -> None:
        loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE_S
        while True:
            started = loop.time()
            code = await self.server.wait_ended()
            lived_s = loop.time() - started
            if lived_s >= _STEADY_S:
                pause = _FIRST_PAUSE_S
            _log.error("asterisk_ended_unexpectedly", code=code, lived_s=round(lived_s, 1), log=str(self.server.log_path))
            while True:
                await asyncio.sleep(pause)
                pause = min(self._longest_pause_s, 2 * pause)
                if await self._start():
                    break

    async def _start(self) -> bool:
        try:
            await self.server.start()
        except (HirelineError, OSError) as error:  # a port taken, a broken file, no memory: it may be put right while we wait
            _log.error("asterisk_not_restarted", reason=str(error).splitlines()[0])
            return False
        self.restarts += 1
        _log.warning("asterisk_restarted", restarts=self.restarts)
        return True
