"""Everything a call learns, written when it is learned, without ever holding up the conversation.

One thread writes for all calls, in the order of arrival. A locked database is retried; what still cannot be written is kept in a
file under the state folder and taken in at the next start, so that nothing is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

import structlog

from hr_sync.errors import ConflictError, HirelineError, NotFoundError, StoreBusyError, StoreError
from hr_sync.records import CallResult
from hr_sync.store.base import Store

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)


class Ledger:
    """Writes to the HR store from one thread of its own.

    Args:
        store: the HR database.
        spool: folder for results that could not be written.
        patience_s: how long a locked database is retried for one write.
    """

    _MOST_WAITING = 4096

    def __init__(self, store: Store, spool: Path, patience_s: float = 20.0) -> None:
        self._store = store
        self._spool = spool
        self._patience_s = patience_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._order = asyncio.Lock()  # fair: first come, first written, also across retries
        self._waiting: set[asyncio.Future[None]] = set()
        self._in_files = 0  # results this run left in files
        self.retries = 0
        """Writes that found the database locked."""
        self.failures = 0
        """Writes that were given up; the result file still holds what they said."""

    @property
    def store(self) -> Store:
        """The store behind the ledger, for reading in `ask`."""
        return self._store

    @property
    def waiting(self) -> int:
        """Writes that are noted and not made yet."""
        return len(self._waiting)

    def spooled(self) -> int:
        """Results that wait in files because the database could not take them; looks into the folder."""
        return sum(1 for _ in self._spool.glob("*.json")) if self._spool.is_dir() else 0

    async def ask(self, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one store operation in order with the writes and return its answer. Raises what the operation raises."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience_s
        async with self._order:
            while True:
                try:
                    return await loop.run_in_executor(self._thread, lambda: operation(*args, **kwargs))
                except StoreBusyError:
                    self.retries += 1
                    if loop.time() >= deadline:
                        raise
                    await asyncio.sleep(0.25)

    def note(self, call_id: str, operation: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Write without waiting. A write that cannot be made is logged and counted: the final result repeats what it said."""

        async def write() -> None:
            try:
                await self.ask(operation, *args, **kwargs)
            except HirelineError as error:
                self.failures += 1
                log.warning("write_failed", call_id=call_id, operation=getattr(operation, "__name__", "?"), error=error.code)

        if len(self._waiting) >= self._MOST_WAITING:
            self.failures += 1
            log.warning("write_dropped", call_id=call_id, waiting=len(self._waiting))
            return
        task = asyncio.ensure_future(write())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def settle(self) -> None:
        """Wait until everything noted so far is written or given up."""
        while self._waiting:
            await asyncio.gather(*self._waiting)

    async def finish(self, result: CallResult) -> None:
        """Write a call's result after everything noted before; into a file when the database cannot take it."""
        await self.settle()
        try:
            await self.ask(self._store.finish, result)
        except StoreError as error:
            self.failures += 1
            path = self._spool / f"{result.call_id}.json"
            log.error("result_spooled", call_id=result.call_id, error=error.code, file=path.name)  # noqa: TRY400 - no traceback
            await asyncio.get_running_loop().run_in_executor(self._thread, _write_private, path, result.model_dump_json())
            self._in_files += 1
            return
        if self._in_files:  # the database can be written again
            try:
                self._in_files -= await self.take_spooled()
            except StoreError as error:
                log.warning("results_left_in_files", error=error.code)

    async def take_spooled(self) -> int:
        """Write results left in files; returns how many. One that can never be written is put aside as `NAME.refused`.

        Raises:
            StoreBusyError: the database is locked still.
        """
        taken = 0
        for path in sorted(self._spool.glob("*.json")) if self._spool.is_dir() else []:
            try:
                await self.ask(self._store.finish, CallResult.model_validate_json(path.read_text("utf-8")))
            except FileNotFoundError:
                continue  # another process was quicker
            except (ConflictError, NotFoundError, ValueError) as error:
                log.error("result_refused", file=path.name, error=type(error).__name__)  # noqa: TRY400 - no traceback
                path.replace(path.with_suffix(".refused"))
                continue
            path.unlink(missing_ok=True)
            taken += 1
            log.info("result_taken_in", file=path.name)
        return taken

    async def close(self) -> None:
        """Write what is waiting and end the thread."""
        await self.settle()
        self._thread.shutdown()


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(".part")
    temporary.touch(mode=0o600)
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
