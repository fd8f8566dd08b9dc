"""Connections to a SQLite file: how they are opened, shared by threads, and what their errors mean."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlite_utils import Database

from hr_sync.errors import InvalidDataError, StoreBusyError, StoreCorruptError, StoreError
from hr_sync.store.holders import holders

log = structlog.get_logger(__name__)

_SHORT_WAIT_MS = 50
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REMEDIES = {
    sqlite3.SQLITE_FULL: "free disk space",
    sqlite3.SQLITE_READONLY: "let this user write the file and its folder",
    sqlite3.SQLITE_PERM: "let this user read and write the file",
    sqlite3.SQLITE_CANTOPEN: "let this user read and write the file and its folder",
    sqlite3.SQLITE_IOERR: "look at the disk and the system log",
}


class Connections:
    """A pool of connections to one file, any thread may borrow from it.

    Readers do not wait for writers (WAL). Writers of this process queue at a lock of ours first: SQLite's own waiting polls with
    growing pauses, which starves some of many writers.

    Args:
        path: the file; made, readable by its owner alone, when it does not exist.
        busy_limit_s: how long an operation waits for another writer.
    """

    def __init__(self, path: Path, busy_limit_s: float) -> None:
        self.path = path
        self._busy_limit_s = busy_limit_s
        self._idle: list[Database] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._closed = False
        self._pid = os.getpid()

    @contextmanager
    def read(self) -> Iterator[Database]:
        """One consistent view of the database, for as long as the block lasts."""
        with self._borrowed() as db:
            db.execute(f"PRAGMA busy_timeout = {int(self._busy_limit_s * 1000)}")
            db.execute("BEGIN")
            yield db
            db.execute("COMMIT")

    @contextmanager
    def write(self, *, through: bool = False) -> Iterator[Database]:
        """A transaction that holds the write lock from its start, so that what it reads stays true until it commits.

        Args:
            through: it is on the disk when the block is left, so that not even a power failure undoes it.
        """
        started = time.monotonic()
        if not self._writing.acquire(timeout=self._busy_limit_s):
            raise self._busy(holders(self.path) or "another thread of this process")
        try:
            with self._borrowed() as db:
                left_ms = max(1, int((self._busy_limit_s - (time.monotonic() - started)) * 1000))
                db.execute(f"PRAGMA busy_timeout = {left_ms}")
                db.execute(f"PRAGMA synchronous = {'FULL' if through else 'NORMAL'}")
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
        finally:
            self._writing.release()

    def keep_write_ahead_log(self) -> None:
        """Turn the file to WAL, which it then remembers; not before it is known to be ours.

        Processes that do so at once hold what the others wait for, until one of them gives up: so each waits shortly, many times.
        """
        deadline = time.monotonic() + self._busy_limit_s
        with self._borrowed() as db:
            db.execute(f"PRAGMA busy_timeout = {_SHORT_WAIT_MS}")
            while True:
                try:
                    db.enable_wal()
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() >= deadline:
                        raise
                else:
                    return

    def close(self) -> None:
        """Close every connection; borrowed ones when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        if os.getpid() == self._pid:
            for db in idle:
                db.close()

    @contextmanager
    def _borrowed(self) -> Iterator[Database]:
        if os.getpid() != self._pid:
            # https://www.sqlite.org/howtocorrupt.html, 2.6: a connection must not be carried over a fork.
            raise StoreError(
                "the database was opened in another process", where=str(self.path), remedy="open it after the fork, in each process"
            )
        with self._translated():
            db = self._take()
            try:
                yield db
            finally:
                self._give_back(db)

    def _take(self) -> Database:
        with self._lock:
            if self._closed:
                raise StoreError("the database was closed already", where=str(self.path), remedy="open it again")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, db: Database) -> None:
        try:
            db.rollback()  # does nothing after a commit
        except sqlite3.Error:
            db.close()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(db)
                return
        db.close()

    def _connect(self) -> Database:
        # isolation_level None: transactions begin and end where we say. Any thread may use the connection, one at a time.
        connection = sqlite3.connect(self.path, timeout=self._busy_limit_s, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            return Database(connection)
        except BaseException:
            connection.close()
            raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._meaning(error) from error
        except OverflowError as error:
            raise InvalidDataError(
                "a whole number is too large for the database", remedy="it takes numbers up to 2^63 - 1"
            ) from error

    def _meaning(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        primary = code & 0xFF  # https://www.sqlite.org/rescode.html: the low byte is the primary code
        if primary in _BUSY:
            return self._busy(holders(self.path) or "another program")
        if primary in _CORRUPT:
            return StoreCorruptError(
                f"the file is not a database, or is damaged ({error})",
                where=str(self.path),
                remedy="restore a backup, or move the file away to start with an empty database",
            )
        remedy = _REMEDIES.get(primary, "this is a bug: please report it with this message")
        name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        return StoreError(f"the database refused the operation: {error} ({name})", where=str(self.path), remedy=remedy)

    def _busy(self, who: str) -> StoreBusyError:
        log.warning("database_busy", limit_s=self._busy_limit_s, holder=who)
        return StoreBusyError(
            f"the database stayed locked for {self._busy_limit_s:g} s by {who}",
            where=str(self.path),
            remedy="end or wait for that program's transaction, then try again",
        )


def make_file(path: Path) -> bool:
    """Make an empty database file that only its owner can read; False when there is one. SQLite gives -wal and -shm its mode."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return False
    return True
