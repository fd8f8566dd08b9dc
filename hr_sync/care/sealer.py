"""Encrypts recordings when their calls have ended."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import structlog

from hr_sync.care.recordings import RecordingFolder
from hr_sync.errors import HirelineError, NotFoundError
from hr_sync.store.base import Store

log = structlog.get_logger(__name__)


def seal_ended(store: Store, folder: RecordingFolder) -> int:
    """Encrypt every recording whose call has its result; how many. Blocks. A call under way is left alone."""
    count = 0
    for name in folder.plain():
        try:
            store.result(name.removesuffix(".wav"))
        except NotFoundError:
            continue
        folder.seal(name)
        count += 1
    return count


class Sealer:
    """Looks for ended calls now and then, and once more when it is stopped. Use it as an async context manager."""

    def __init__(self, store: Store, folder: RecordingFolder, every_s: float) -> None:
        self._store = store
        self._folder = folder
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._folder.keys()  # keys that cannot be used are told now
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._round()

    async def _run(self) -> None:
        while True:
            await self._round()
            await asyncio.sleep(self._every_s)

    async def _round(self) -> None:
        try:
            if count := await asyncio.to_thread(seal_ended, self._store, self._folder):
                log.info("recordings_encrypted", recordings=count)
        except (HirelineError, OSError) as error:  # the recordings are there; the next round tries again
            log.error("recordings_not_encrypted", error=type(error).__name__)  # noqa: TRY400 - told without a traceback
