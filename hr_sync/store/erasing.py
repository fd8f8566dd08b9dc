"""Everything about a person or a call, wherever it lies: found by column names, so that a table added later is not forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from hr_sync.errors import ConflictError
from hr_sync.store import people
from hr_sync.store.connection import Connections
from hr_sync.store.rows import Row, to_json, utc
from hr_sync.store.upsert import batches

_KEPT = frozenset({"audit_log", "erasures", "do_not_call"})
"""Tables that say what was done, and a wish never to be called, which outlives everything else about the person."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """A person whose data was deleted."""

    number: int
    """Counts up from 1; a reader that has seen n asks for what comes after it."""
    candidate_id: str
    call_ids: tuple[str, ...]
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Erased:
    """What was deleted."""

    call_ids: tuple[str, ...]
    recordings: tuple[str, ...]
    """What results called their recordings: the files are still to be deleted."""
    rows: int


class Erasing:
    """Finds and deletes everything about a person.

    Args:
        transactions: of the database's store.
    """

    def __init__(self, transactions: Connections) -> None:
        self._transactions = transactions

    def everything(self, candidate_id: str) -> dict[str, list[Row]]:
        """All rows about a candidate, by table. Raises NotFoundError."""
        with self._transactions.read() as db:
            people.candidate(db, candidate_id)
            calls = _calls(db, candidate_id)
            found = {"candidates": list(db.query("SELECT * FROM candidates WHERE id = ?", [candidate_id]))}
            for table, column in _tables(db):
                for values in batches([candidate_id] if column == "candidate_id" else calls, 500):
                    rows = found.setdefault(table, [])
                    rows += [row for row in db.query(_select(table, column, values), values) if row not in rows]
            _add_children(db, found)
            phone = found["candidates"][0]["phone"]
            found["do_not_call"] = list(db.query("SELECT * FROM do_not_call WHERE number = ?", [phone]))
        return {table: rows for table, rows in found.items() if rows}

    def erase(
        self, candidate_id: str, reason: str, at: datetime, *, note: Callable[[Database, Erased], None] = lambda db, erased: None
    ) -> Erased:
        """Delete everything about a candidate; what was deleted is overwritten in the file.

        A number on the do-not-call list stays there, without a word about the call. Raises NotFoundError, and ConflictError while a
        call to the candidate is under way.

        Args:
            candidate_id: whose.
            reason: why.
            at: now.
            note: writes it down in the same transaction.
        """
        with self._transactions.write() as db:
            _overwrite(db)
            people.candidate(db, candidate_id)
            calls = _calls(db, candidate_id)
            running = db.execute(
                "SELECT call_id FROM calls WHERE candidate_id = ? AND result_at IS NULL", [candidate_id]
            ).fetchone()
            if running is not None:
                raise ConflictError(f"call {running[0]} to this candidate is under way", remedy="wait until it has ended")
            recordings = _recordings(db, calls)
            rows = _delete(db, [("candidate_id", [candidate_id]), ("call_id", calls)])
            rows += db.execute("DELETE FROM candidates WHERE id = ?", [candidate_id]).rowcount
            db.table("erasures").insert({"candidate_id": candidate_id, "call_ids": to_json(calls), "reason": reason, "at": utc(at)})
            erased = Erased(tuple(calls), recordings, rows)
            note(db, erased)
        self._empty_log()
        return erased

    def erase_calls(self, ended_before: datetime, *, limit: int = 200) -> Erased:
        """Delete calls that ended before a time, oldest first, at most so many; the candidates stay."""
        with self._transactions.write() as db:
            _overwrite(db)
            old = "SELECT call_id FROM results WHERE ended_at < ? ORDER BY ended_at LIMIT ?"
            calls = [call_id for (call_id,) in db.execute(old, [utc(ended_before), limit]).fetchall()]
            recordings = _recordings(db, calls)
            rows = _delete(db, [("call_id", calls)])
        self._empty_log()
        return Erased(tuple(calls), recordings, rows)

    def recordings_before(self, ended_before: datetime, *, limit: int = 200) -> tuple[tuple[str, str], ...]:
        """Calls that ended before a time and have a recording still, with what their result calls it."""
        with self._transactions.read() as db:
            rows = db.execute(
                "SELECT call_id, recording FROM results WHERE recording IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?",
                [utc(ended_before), limit],
            )
            return tuple(rows.fetchall())

    def erasures(self, after: int = 0, limit: int = 100) -> tuple[Erasure, ...]:
        """Erasures behind a number, in order: for systems that have to delete their copies."""
        with self._transactions.read() as db:
            rows = db.query("SELECT * FROM erasures WHERE number > ? ORDER BY number LIMIT ?", [after, limit])
            return tuple(
                Erasure(
                    number=row["number"],
                    candidate_id=row["candidate_id"],
                    call_ids=tuple(json.loads(row["call_ids"])),
                    reason=row["reason"],
                    at=datetime.fromisoformat(row["at"]),
                )
                for row in rows
            )

    def _empty_log(self) -> None:
        """Write the log of changes back, so that nothing deleted stays in it; as far as readers allow."""
        with self._transactions.write() as db:
            db.execute("COMMIT")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("PRAGMA secure_delete = OFF")
            db.execute("BEGIN")


def _add_children(db: Database, found: dict[str, list[Row]]) -> None:
    """Rows that say whose they are only through a row they belong to, such as what became of a message."""
    for table in db.table_names():
        if table in found or table in _KEPT or table.startswith(("sqlite_", "_")):
            continue
        for key in list(db.query("SELECT * FROM pragma_foreign_key_list(?)", [table])):
            parents = [row[key["to"]] for row in found.get(key["table"], [])]
            for some in batches(parents, 500):
                found.setdefault(table, []).extend(db.query(_select(table, key["from"], some), some))


def _overwrite(db: Database) -> None:
    db.execute("PRAGMA secure_delete = ON")  # deleted rows become zeros (https://www.sqlite.org/pragma.html#pragma_secure_delete)
    db.execute("PRAGMA defer_foreign_keys = ON")  # rows that refer to each other go in any order


def _calls(db: Database, candidate_id: str) -> list[str]:
    rows = db.execute("SELECT call_id FROM calls WHERE candidate_id = ? ORDER BY call_id", [candidate_id])
    return [call_id for (call_id,) in rows.fetchall()]


def _recordings(db: Database, calls: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for some in batches(calls, 500):
        found += [row["recording"] for row in db.query(_select("results", "call_id", some), some) if row["recording"]]
    return tuple(found)


def _tables(db: Database) -> Iterator[tuple[str, str]]:
    """Tables with rows about a candidate or a call, and the column that says so."""
    for table in db.table_names():
        if table not in _KEPT and not table.startswith(("sqlite_", "_")):
            columns = {row["name"] for row in db.query("SELECT name FROM pragma_table_info(?)", [table])}
            yield from ((table, column) for column in ("candidate_id", "call_id") if column in columns)


def _delete(db: Database, what: Sequence[tuple[str, Sequence[str]]]) -> int:
    count = 0
    for column, values in what:
        for some in batches(values, 500):
            marks = ",".join("?" * len(some))
            for table, found in list(_tables(db)):
                if found == column:
                    count += db.execute(f"DELETE FROM {table} WHERE {column} IN ({marks})", some).rowcount  # noqa: S608 - our names
            if column == "call_id":
                db.execute(f"UPDATE do_not_call SET call_id = NULL, note = '' WHERE call_id IN ({marks})", some)  # noqa: S608
    return count


def _select(table: str, column: str, values: Sequence[str]) -> str:
    return f"SELECT * FROM {table} WHERE {column} IN ({','.join('?' * len(values))})"  # noqa: S608 - our names
