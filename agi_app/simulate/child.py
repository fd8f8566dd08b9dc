"""A process of ours that speaks JSON lines: started, fed and ended from asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable

import structlog
from pydantic import BaseModel

from agi_app.errors import SetupError

_log = structlog.get_logger(__name__)

STOP_S = 5.0
LONGEST_LINE = 1 << 24
"""Bytes of one report: the log of a long call is the longest."""
REMEMBERED = 20


class Child:
    """`python -m MODULE` with a pipe at each end; it must end by itself when its standard input does.

    Args:
        module: what to run.
        arguments: for it.
        on_line: told of each line it writes.
        on_end: told, once, why it ended, unless `stop` was called.
    """

    def __init__(self, module: str, *arguments: str, on_line: Callable[[bytes], None], on_end: Callable[[str], None]) -> None:
        self._command = (sys.executable, "-m", module, *arguments)
        self._name = module.rpartition(".")[2]
        self._on_line, self._on_end = on_line, on_end
        self._process: asyncio.subprocess.Process | None = None
        self._following: asyncio.Task[None] | None = None
        self._stopping = False
        self._said: list[str] = []

    @property
    def pid(self) -> int | None:
        """Its process id, None before it is started."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it and follow what it writes."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        self._following = asyncio.create_task(self._follow(self._process))

    def send(self, command: BaseModel) -> None:
        """Write one command. Commands are short and read at once, so nothing waits for the pipe to drain.

        Raises:
            SetupError: it has ended.
        """
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise SetupError("the process has ended", where=f"{self._name}: {self._last_words()}")
        process.stdin.write(command.model_dump_json().encode() + b"\n")

    async def stop(self) -> None:
        """Close its standard input and wait for its end; kill it if that takes too long."""
        self._stopping = True
        process = self._process
        if process is None or self._following is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        done, _ = await asyncio.wait([self._following], timeout=STOP_S)
        if not done:
            _log.warning("child_killed", child=self._name)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await asyncio.gather(self._following, return_exceptions=True)

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        async with asyncio.TaskGroup() as both:
            both.create_task(self._read_lines(process))
            both.create_task(self._read_words(process))
        code = await process.wait()
        if not self._stopping:
            self._on_end(f"{self._name} ended with exit code {code}: {self._last_words()}")
        elif code != 0:
            _log.warning("child_ended_badly", child=self._name, code=code, said=self._last_words())

    async def _read_lines(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        async for line in process.stdout:
            self._on_line(line)

    async def _read_words(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None  # noqa: S101 - for the type checker
        async for line in process.stderr:
            if text := line.decode(errors="replace").strip():
                self._said = [*self._said[1 - REMEMBERED :], text]

    def _last_words(self) -> str:
        return "; ".join(self._said[-3:]) or "it said nothing"
