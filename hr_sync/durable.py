"""Durable work: workflows that go on after a crash, with timers and queues, on DBOS Transact.

The engine is one for the process. Workflows are plain functions decorated with `DBOS.workflow()` in the modules that own them; they
must be imported before the engine starts. What each workflow must keep to: it may be run again from its beginning at any time, with
the recorded outcome of every step that had finished, so all it does to the world happens in steps that can be repeated.

Several processes may share one database (on SQLite: on one machine). Each is an executor with a name of its own, and signs a roster
in the HR database again and again; what a dead one left running is taken over by another, never by two.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import structlog
from dbos import DBOS, DBOSConfig
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from hr_sync.errors import DurableError, StoreBusyError, StoreError
from hr_sync.owner import is_alive, this_process
from hr_sync.store.executors import LEASE

log = structlog.get_logger(__name__)

VERSION = "1"
"""Of the workflows' order of steps. A workflow is only ever run by programs of the version it was begun with: raise this when
the steps of a workflow change their order, and let the programs of the old version finish first."""

_THREADS = 32
"""Database work of all workflows. Bounded, so that an unreachable database does not pile up threads."""
_LEAVE_S = 5.0
_PATIENCE_S = 30.0
"""A locked HR database does not keep a server from starting."""
_BEAT = timedelta(seconds=5)
_KEPT = timedelta(days=30)
"""What a workflow recorded is deleted so long after its end; its effects stand elsewhere."""
_CLEARED_EVERY = timedelta(hours=1)
_PAGE = 500


class Roster(Protocol):
    """Who works on the durable database; see `hr_sync.store.executors`."""

    def sign(self, application: str, executor: str, at: datetime) -> None:
        """This executor lives."""

    def signed(self, application: str) -> Mapping[str, datetime]:
        """When each executor of an application signed last."""

    def strike(self, application: str, executor: str) -> None:
        """Take an executor off the roster."""


async def _nothing(executor: str) -> None:
    """Nothing else is to be done for a dead executor."""


class Durable:
    """The durable engine, running. Use it as an async context manager on the loop that shall run the workflows.

    Args:
        database: a file (SQLite) or a URL such as postgresql+psycopg://user:password@host:5432/hireline.
        roster: who works on that database.
        bury: awaited for each executor found dead, before what it left is gone on with.
        application: programs that run different workflows on one database have different ones.
        executor: name of this process among all that ever shared the database.

    Raises:
        DurableError: the database cannot be used, or an engine runs in this process already.
    """

    _running: Durable | None = None

    def __init__(
        self,
        database: Path | str,
        roster: Roster,
        *,
        bury: Callable[[str], Awaitable[None]] = _nothing,
        application: str = "hireline",
        executor: str | None = None,
    ) -> None:
        self.executor = executor or this_process()
        self._database = database
        self._application = application
        self._roster = roster
        self._bury = bury
        self._tasks: set[asyncio.Task[object]] = set()
        self._keeper: asyncio.Task[None] | None = None

    @classmethod
    def current(cls) -> Durable:
        """The engine that runs in this process. Raises DurableError when none does."""
        if cls._running is None:
            raise DurableError("the durable engine does not run", remedy="enter `Durable` before workflows are started")
        return cls._running

    async def __aenter__(self) -> Self:
        if Durable._running is not None:
            raise DurableError("a durable engine runs in this process already", remedy="share that one")
        url = await asyncio.to_thread(_url, self._database)
        await self._sign_on()  # first: whoever may leave something is known
        _quiet_logger()
        config = DBOSConfig(
            name=self._application,
            system_database_url=url,
            application_version=VERSION,
            executor_id=self.executor,
            log_level="WARNING",
            max_executor_threads=_THREADS,
            db_engine_kwargs={"hide_parameters": True},  # errors go to the log
            enable_otlp=False,
        )
        try:
            DBOS(config=config)
            DBOS.launch()  # blocks for a moment, and must be called on this loop: it is the one that runs async workflows
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            DBOS.destroy()
            raise DurableError(
                f"the database of the durable engine cannot be used: {type(error).__name__}",
                where=make_url(url).render_as_string(hide_password=True),
                remedy="is the server running, does the database exist, may this user use it?",
            ) from error
        Durable._running = self
        self._keeper = asyncio.create_task(self._keep(), name="durable-roster")
        return self

    async def _sign_on(self) -> None:
        deadline = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            try:
                return await asyncio.to_thread(self._roster.sign, self._application, self.executor, datetime.now(UTC))
            except StoreBusyError:
                if asyncio.get_running_loop().time() >= deadline:
                    raise

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop. Workflows that run are cancelled here and stay unfinished in the database: the next start goes on with them."""
        tasks: list[asyncio.Task[object]] = [*self._tasks, *([self._keeper] if self._keeper else [])]
        logging.getLogger("dbos").setLevel(logging.CRITICAL)  # it warns of every task that is cancelled
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_LEAVE_S)
        Durable._running = None
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))  # the engine's, in its place, ends with it
        await asyncio.to_thread(DBOS.destroy)

    @contextmanager
    def tracked(self) -> Iterator[None]:
        """Stand around the body of every async workflow: so that leaving the engine ends it, without an outcome."""
        task = asyncio.current_task()
        if task is None:
            raise DurableError("not inside a task", remedy="call it in the body of an async workflow")
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    # ---- what other executors left ----------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Sign the roster, take over from those that stopped to, and clear away what nobody needs any more."""
        cleared_at: datetime | None = None
        while True:
            now = datetime.now(UTC)
            try:
                await asyncio.to_thread(self._roster.sign, self._application, self.executor, now)
                await self.take_over()
                if cleared_at is None or now - cleared_at >= _CLEARED_EVERY:
                    await self.clear(now - _KEPT)
                    cleared_at = now
            except (StoreError, SQLAlchemyError) as error:
                log.warning("roster_not_kept", error=type(error).__name__)
            except Exception:  # a bug must not end the taking over
                log.exception("roster_not_kept")
            await asyncio.sleep(_BEAT.total_seconds())

    async def clear(self, before: datetime) -> int:
        """Delete what was recorded of workflows that ended before a moment; returns how many."""
        cleared = 0
        while True:
            ended = await DBOS.list_workflows_async(
                status=["SUCCESS", "ERROR", "CANCELLED"],
                completed_before=before.isoformat(),
                limit=_PAGE,
                load_input=False,
                load_output=False,
            )
            if not ended:
                return cleared
            await DBOS.delete_workflows_async([found.workflow_id for found in ended])
            cleared += len(ended)

    async def take_over(self) -> int:
        """Go on with what dead executors left; returns the number of workflows. Of several that try, each workflow goes to one."""
        taken = 0
        for executor, at in (await asyncio.to_thread(self._roster.signed, self._application)).items():
            if executor == self.executor or not _dead(executor, at):
                continue
            await self._bury(executor)
            # The engine's own way, used by its commercial conductor; it has no public name.
            handles = await asyncio.to_thread(DBOS._recover_pending_workflows, [executor])  # noqa: SLF001
            await asyncio.to_thread(self._roster.strike, self._application, executor)
            taken += len(handles)
            log.warning("executor_taken_over", executor=executor, workflows=len(handles))
        return taken


def _dead(executor: str, signed: datetime) -> bool:
    """Whether an executor will never work again."""
    lives = is_alive(executor)
    return lives is False or (lives is None and datetime.now(UTC) - signed > LEASE)


def _url(database: Path | str) -> str:
    """The database's URL; makes a SQLite file, readable by its owner alone and with a write-ahead log, when there is none."""
    if isinstance(database, str):
        try:
            return make_url(database).render_as_string(hide_password=False)
        except ArgumentError as error:
            raise DurableError(
                "that is no database URL", remedy="write it like postgresql+psycopg://user@host:5432/hireline"
            ) from error
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(database, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(database, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode = WAL")  # remembered by the file: writers do not wait for readers
    finally:
        connection.close()
    return f"sqlite:///{database}"


def _quiet_logger() -> None:
    """The engine's log goes where ours goes, not to the terminal: it adds a handler of its own only where there is none."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.WARNING)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
