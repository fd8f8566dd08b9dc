"""The HR database in one SQLite file, through sqlite-utils; look into it with sqlite3 or Datasette."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog

from hr_sync.errors import InvalidDataError, StoreCorruptError
from hr_sync.records import (
    CallAttempt,
    CallBrief,
    CallResult,
    CallState,
    Candidate,
    Contact,
    DoNotCallEntry,
    Job,
    LearnedItem,
    Turn,
)
from hr_sync.store import calls, migrations, people, results, revisions
from hr_sync.store import jobs as job_rows
from hr_sync.store.assessments import AssessmentTables
from hr_sync.store.base import PutCounts, Store, StoredResult
from hr_sync.store.connection import Connections, make_file
from hr_sync.store.imports import ImportTables
from hr_sync.store.resumes import ResumeTables
from hr_sync.store.rows import attempt_of, candidate_row, contact_row
from hr_sync.store.screening import ScreeningTables
from hr_sync.store.upsert import refuse_doubles, upsert

log = structlog.get_logger(__name__)


class SqliteStore(ScreeningTables, ImportTables, ResumeTables, AssessmentTables, Store):
    """`Store` on SQLite: write-ahead log, foreign keys on, synchronous=NORMAL.

    With these settings a killed process loses nothing that was committed; a power failure may lose the last transactions, never
    the database (https://www.sqlite.org/pragma.html#pragma_synchronous).

    Args:
        path: the file. Made when it does not exist (mode 0600), brought to the current version when it is older.
        busy_limit_s: how long an operation waits for another writer before it raises StoreBusyError.

    Raises:
        StoreCorruptError: the file is no database, is damaged, belongs to another program or a newer version.
        StoreBusyError: somebody kept it locked.
    """

    def __init__(self, path: Path, *, busy_limit_s: float = 5.0) -> None:
        self._path = path
        if not make_file(path) and stat.S_IMODE(path.stat().st_mode) & 0o077:
            log.warning("database_readable_by_others", path=str(path), remedy="chmod 600")
        self._connections = Connections(path, busy_limit_s)
        try:
            with self._connections.read() as db:
                migrations.refuse_foreign(db, where=str(path))
                current = migrations.is_current(db)
            self._connections.keep_write_ahead_log()
            if not current:
                with self._connections.write() as db:
                    migrations.upgrade(db, where=str(path))
        except BaseException:
            self._connections.close()
            raise

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def connections(self) -> Connections:
        """For operations of one topic that have a class of their own, such as `Executors` and `Campaigns`."""
        return self._connections

    @property
    def transactions(self) -> Connections:
        """For the parts of the database with a module of their own: API keys, the outbox, the audit log."""
        return self._connections

    # ---- people

    def put_candidates(self, candidates: Iterable[Candidate]) -> PutCounts:
        """See `Store.put_candidates`."""
        rows = [candidate_row(candidate) for candidate in candidates]  # outside the transaction: others wait for it
        refuse_doubles("candidate", [row["id"] for row in rows])
        with self._connections.write() as db:
            new, changed = upsert(db, "candidates", rows)
        return PutCounts(len(new), len(changed), len(rows) - len(new) - len(changed))

    def candidate(self, candidate_id: str) -> Candidate:
        """See `Store.candidate`."""
        with self._connections.read() as db:
            return people.candidate(db, candidate_id)

    def candidates(self, *, after: str | None = None, limit: int = 100) -> tuple[Candidate, ...]:
        """See `Store.candidates`."""
        with self._connections.read() as db:
            return people.candidates(db, after, _page(limit))

    def find_by_phone(self, number: str) -> tuple[Candidate, ...]:
        """See `Store.find_by_phone`."""
        people.refuse_unwritten(number)
        with self._connections.read() as db:
            return people.find_by_phone(db, number)

    def put_contacts(self, contacts: Iterable[Contact]) -> PutCounts:
        """See `Store.put_contacts`."""
        rows = [contact_row(contact) for contact in contacts]
        refuse_doubles("contact", [row["id"] for row in rows])
        with self._connections.write() as db:
            people.refuse_strangers(db, "candidates", "candidate", [row["candidate_id"] for row in rows])
            people.refuse_strangers(db, "jobs", "job", [row["job_id"] for row in rows if row["job_id"] is not None])
            new, changed = upsert(db, "contacts", rows)
        return PutCounts(len(new), len(changed), len(rows) - len(new) - len(changed))

    def contacts(self, candidate_id: str, *, limit: int = 50) -> tuple[Contact, ...]:
        """See `Store.contacts`."""
        with self._connections.read() as db:
            people.refuse_strangers(db, "candidates", "candidate", [candidate_id])
            return people.contacts(db, candidate_id, _page(limit))

    # ---- jobs

    def put_jobs(self, jobs: Iterable[Job]) -> PutCounts:
        """See `Store.put_jobs`."""
        listed = list(jobs)
        refuse_doubles("job", [job.id for job in listed])
        with self._connections.write() as db:
            return job_rows.put(db, listed)

    def job(self, job_id: str) -> Job:
        """See `Store.job`."""
        with self._connections.read() as db:
            return job_rows.job(db, job_id)

    def jobs(self, *, after: str | None = None, limit: int = 100) -> tuple[Job, ...]:
        """See `Store.jobs`."""
        with self._connections.read() as db:
            return job_rows.jobs(db, after, _page(limit))

    def brief(self, candidate_id: str, job_id: str) -> CallBrief:
        """See `Store.brief`."""
        with self._connections.read() as db:
            return CallBrief(
                candidate=people.candidate(db, candidate_id),
                job=job_rows.job(db, job_id),
                contacts=people.contacts(db, candidate_id, 50),
            )

    # ---- numbers that are never dialled

    def block(self, entry: DoNotCallEntry) -> bool:
        """See `Store.block`."""
        with self._connections.write() as db:
            return people.block(db, entry)

    def unblock(self, number: str) -> bool:
        """See `Store.unblock`."""
        people.refuse_unwritten(number)
        with self._connections.write() as db:
            return people.unblock(db, number)

    def is_blocked(self, number: str) -> bool:
        """See `Store.is_blocked`."""
        people.refuse_unwritten(number)
        with self._connections.read() as db:
            return people.is_blocked(db, number)

    def blocked(self, *, after: str | None = None, limit: int = 100) -> tuple[DoNotCallEntry, ...]:
        """See `Store.blocked`."""
        with self._connections.read() as db:
            return people.blocked(db, after, _page(limit))

    # ---- calls

    def open_attempt(self, attempt: CallAttempt, *, called_us: bool = False) -> CallAttempt:
        """See `Store.open_attempt`."""
        with self._connections.write() as db:
            return calls.open_attempt(db, attempt, called_us=called_us)

    def attempt(self, call_id: str) -> CallAttempt:
        """See `Store.attempt`."""
        with self._connections.read() as db:
            return attempt_of(calls.row_of(db, call_id))

    def attempts(self, candidate_id: str, job_id: str | None = None) -> tuple[CallAttempt, ...]:
        """See `Store.attempts`."""
        with self._connections.read() as db:
            return calls.attempts(db, candidate_id, job_id)

    def calls(self, *, after: str | None = None, limit: int = 100) -> tuple[CallAttempt, ...]:
        """See `Store.calls`."""
        with self._connections.read() as db:
            return calls.page(db, after, _page(limit))

    def set_state(self, call_id: str, state: CallState, at: datetime) -> bool:
        """See `Store.set_state`."""
        with self._connections.write() as db:
            return calls.set_state(db, call_id, state, at)

    def add_turn(self, call_id: str, index: int, turn: Turn) -> bool:
        """See `Store.add_turn`."""
        with self._connections.write() as db:
            return calls.add_turn(db, call_id, index, turn)

    def turns(self, call_id: str) -> tuple[Turn, ...]:
        """See `Store.turns`."""
        with self._connections.read() as db:
            calls.row_of(db, call_id)
            return calls.turns(db, call_id)

    def learn(self, call_id: str, item: LearnedItem) -> bool:
        """See `Store.learn`."""
        with self._connections.write() as db:
            return calls.learn(db, call_id, item)

    def learned(self, call_id: str) -> tuple[LearnedItem, ...]:
        """See `Store.learned`."""
        with self._connections.read() as db:
            calls.row_of(db, call_id)
            return calls.learned(db, call_id)

    # ---- results

    def finish(self, result: CallResult) -> bool:
        """See `Store.finish`."""
        with self._connections.write() as db:
            return results.finish(db, result)

    def result(self, call_id: str) -> CallResult:
        """See `Store.result`."""
        with self._connections.read() as db:
            return revisions.stored(db, call_id).result

    def stored_result(self, call_id: str) -> StoredResult:
        """See `Store.stored_result`."""
        with self._connections.read() as db:
            return revisions.stored(db, call_id)

    def results(self, after: int = 0, limit: int = 100) -> tuple[StoredResult, ...]:
        """See `Store.results`."""
        with self._connections.read() as db:
            return results.results(db, after, _page(limit))

    def revise_result(self, call_id: str, changes: Mapping[str, Any], *, reason: str) -> StoredResult:
        """See `Store.revise_result`."""
        with self._connections.write() as db:
            return revisions.revise(db, call_id, changes, reason)

    def unfinished(self, *, except_owner: str | None = None) -> tuple[CallAttempt, ...]:
        """See `Store.unfinished`."""
        with self._connections.read() as db:
            return calls.unfinished(db, except_owner)

    def abandon(self, call_id: str, at: datetime, evidence: str, *, recording: str | None = None) -> CallResult:
        """See `Store.abandon`."""
        with self._connections.write() as db:
            row = calls.row_of(db, call_id)
            if row["result_at"] is None:
                results.finish(db, results.left_behind(db, row, at=at, evidence=evidence, recording=recording))
                log.warning("call_abandoned", call_id=call_id)
            return revisions.stored(db, call_id).result

    # ---- the database itself

    def check(self) -> tuple[str, ...]:
        """See `Store.check`."""
        try:
            with self._connections.read() as db:
                problems = [line for (line,) in db.execute("PRAGMA integrity_check") if line != "ok"]
                strays = db.execute('SELECT "table", count(*) FROM pragma_foreign_key_check GROUP BY 1').fetchall()
        except StoreCorruptError as error:  # too damaged to be examined to the end
            return (error.what,)
        problems += [f"{count} rows of {table} refer to records that do not exist" for table, count in strays]
        if stat.S_IMODE(self._path.stat().st_mode) & 0o077:
            problems.append(f"other users of this machine can read {self._path}: chmod 600")
        return tuple(problems)

    def close(self) -> None:
        """See `Store.close`."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()


def _page(limit: int) -> int:
    if limit < 1:
        raise InvalidDataError(f"a page of {limit} records cannot be", remedy="ask for at least 1")
    return limit
