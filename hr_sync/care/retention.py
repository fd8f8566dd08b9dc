"""Deletes what is over: recordings first, later the calls themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import structlog

from hr_sync.care.recordings import RecordingFolder
from hr_sync.care.rules import CareRules
from hr_sync.errors import HirelineError, NotFoundError
from hr_sync.store.audit import AuditLog
from hr_sync.store.erasing import Erasing
from hr_sync.store.sqlite import SqliteStore

log = structlog.get_logger(__name__)

_STRAY_S = 3600.0
"""A recording this old whose call nobody knows belongs to a call that was deleted."""


@dataclass(frozen=True, slots=True)
class Over:
    """What was deleted."""

    recordings: int
    calls: int


class Retention:
    """Applies the rules now and then. Use it as an async context manager, or call `apply`."""

    def __init__(
        self, store: SqliteStore, folder: RecordingFolder, audit: AuditLog, rules: CareRules, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._erasing = Erasing(store.transactions)
        self._folder = folder
        self._audit = audit
        self._rules = rules
        self._now = now
        self._task: asyncio.Task[None] | None = None

    def apply(self) -> Over:
        """Delete everything whose time is over. Blocks. What was half done before a crash is done now."""
        recordings = calls = 0
        if self._rules.recordings_days is not None:
            recordings = self._recordings(self._now() - timedelta(days=self._rules.recordings_days))
        if self._rules.results_days is not None:
            calls = self._calls(self._now() - timedelta(days=self._rules.results_days))
        recordings += self._strays()
        if recordings or calls:
            self._audit.note("system", "retention", "", {"recordings": recordings, "calls": calls})
        return Over(recordings, calls)

    def _recordings(self, before: datetime) -> int:
        """The file goes first, then its mention: a crash between leaves a mention without a file, found again next time."""
        count = 0
        while some := self._erasing.recordings_before(before):
            for call_id, recording in some:
                self._folder.delete(recording)
                self._store.revise_result(call_id, {"recording": None}, reason="retention")
                count += 1
        return count

    def _calls(self, before: datetime) -> int:
        count = 0
        while (erased := self._erasing.erase_calls(before)).call_ids:
            for name in (*erased.recordings, *(f"{call_id}.wav" for call_id in erased.call_ids)):
                self._folder.delete(name)
            count += len(erased.call_ids)
        return count

    def _strays(self) -> int:
        """Recordings of calls that are deleted already: a crash came between."""
        count = 0
        for name, written_at in self._folder.listed():
            if written_at < self._now().timestamp() - _STRAY_S:
                try:
                    self._store.attempt(name.removesuffix(".wav"))
                except NotFoundError:
                    count += self._folder.delete(name)
        return count

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                over = await asyncio.to_thread(self.apply)
                if over.recordings or over.calls:
                    log.info("retention_applied", recordings=over.recordings, calls=over.calls)
            except (HirelineError, OSError) as error:
                log.error("retention_failed", error=type(error).__name__)  # noqa: TRY400 - told without a traceback
            await asyncio.sleep(self._rules.retention_every_s)
