"""Candidates, earlier contacts and the do-not-call list, inside a transaction someone else opened."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError
from sqlite_utils import Database

from hr_sync.errors import InvalidDataError, NotFoundError
from hr_sync.records import Candidate, Contact, DoNotCallEntry, PhoneNumber
from hr_sync.store.rows import Row, candidate_of, contact_of, do_not_call_of, do_not_call_row
from hr_sync.store.upsert import by_id

_E164: TypeAdapter[str] = TypeAdapter(PhoneNumber)


def candidate(db: Database, candidate_id: str) -> Candidate:
    """One candidate, or NotFoundError."""
    rows = by_id(db, "candidates", [candidate_id])
    if not rows:
        raise NotFoundError(f"there is no candidate {candidate_id}", remedy="import the candidate first, or correct the id")
    return _candidate(rows[candidate_id])


def candidates(db: Database, after: str | None, limit: int) -> tuple[Candidate, ...]:
    """A page in the order of ids."""
    rows = db.query("SELECT * FROM candidates WHERE id > ? ORDER BY id LIMIT ?", [after or "", limit])
    return tuple(_candidate(row) for row in rows)


def find_by_phone(db: Database, number: str) -> tuple[Candidate, ...]:
    """Everyone with this number."""
    return tuple(_candidate(row) for row in db.query("SELECT * FROM candidates WHERE phone = ? ORDER BY id", [number]))


def contacts(db: Database, candidate_id: str, limit: int) -> tuple[Contact, ...]:
    """Earlier contacts and finished calls, newest first."""
    rows = db.query("SELECT * FROM contact_history WHERE candidate_id = ? ORDER BY at DESC, id LIMIT ?", [candidate_id, limit])
    return tuple(contact_of(row) for row in rows)


def refuse_strangers(db: Database, table: str, kind: str, ids: Sequence[str]) -> None:
    """Raise NotFoundError naming the ids that are not in the table."""
    missing = sorted(set(ids) - by_id(db, table, sorted(set(ids))).keys())
    if missing:
        named = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise NotFoundError(f"there is no {kind} {named}", remedy=f"import the {kind} first, or correct the id")


def block(db: Database, entry: DoNotCallEntry) -> bool:
    """Put a number on the list; the older entry stays."""
    row = do_not_call_row(entry)
    columns, marks = ", ".join(row), ", ".join(f":{column}" for column in row)
    return db.execute(f"INSERT OR IGNORE INTO do_not_call ({columns}) VALUES ({marks})", row).rowcount == 1  # noqa: S608 - ours


def unblock(db: Database, number: str) -> bool:
    """Take a number off the list."""
    return db.execute("DELETE FROM do_not_call WHERE number = ?", [number]).rowcount == 1


def is_blocked(db: Database, number: str) -> bool:
    """Whether the number is on the list."""
    return db.execute("SELECT 1 FROM do_not_call WHERE number = ?", [number]).fetchone() is not None


def blocked(db: Database, after: str | None, limit: int) -> tuple[DoNotCallEntry, ...]:
    """A page in the order of numbers."""
    rows = db.query("SELECT * FROM do_not_call WHERE number > ? ORDER BY number LIMIT ?", [after or "", limit])
    return tuple(do_not_call_of(row) for row in rows)


def refuse_unwritten(number: str) -> None:
    """Raise InvalidDataError unless the number is E.164: in another notation a blocked number would not be found."""
    try:
        _E164.validate_python(number)
    except ValidationError:  # not chained: it quotes the number
        raise InvalidDataError("the number is not in international notation", remedy="write it as +8613… without spaces") from None


def _candidate(row: Row) -> Candidate:
    return candidate_of({column: value for column, value in row.items() if column != "updated_at"})
