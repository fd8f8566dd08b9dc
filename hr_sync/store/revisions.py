"""What becomes of a result after its call: revisions, each with a cursor of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from sqlite_utils import Database

from hr_sync.errors import InvalidDataError, NotFoundError
from hr_sync.records import CallResult
from hr_sync.store import calls
from hr_sync.store.base import StoredResult
from hr_sync.store.outbox import enqueue
from hr_sync.store.rows import Row, result_row, utc

FIXED = frozenset({"call_id", "attempt", "candidate_id", "job_id", "transcript", "consent"}) | frozenset(
    {"disposition", "sip_code", "hangup_cause", "evidence", "started_at", "answered_at", "ended_at"}
)
"""What happened in the call; no later thought changes it."""


def next_cursor(db: Database, call_id: str, revision: int, reason: str) -> int:
    """Write down that a result appears, put it into the outbox, and give it its place in the order.

    The place is given inside the write transaction, and SQLite has one writer at a time: nobody can see a cursor before all lower
    ones are committed, and one that was rolled back is given again.
    """
    now = utc(datetime.now(UTC))
    (cursor,) = db.execute(
        "INSERT INTO result_events (call_id, revision, reason, at) VALUES (?, ?, ?, ?) RETURNING cursor",
        [call_id, revision, reason, now],
    ).fetchone()
    enqueue(db, call_id, revision, cursor, now)
    return int(cursor)


def stored(db: Database, call_id: str) -> StoredResult:
    """One result with its cursor and revision, or NotFoundError."""
    for row in db.query("SELECT cursor, revision, result FROM results WHERE call_id = ?", [call_id]):
        return stored_of(row)
    calls.row_of(db, call_id)
    raise NotFoundError(f"call {call_id} has no result yet", remedy="wait until it has ended")


def stored_of(row: Row) -> StoredResult:
    """A row of `results`."""
    return StoredResult(row["cursor"], CallResult.model_validate_json(row["result"]), row["revision"])


def revise(db: Database, call_id: str, changes: Mapping[str, Any], reason: str) -> StoredResult:
    """Replace fields of a result; what is stored already comes back unchanged when nothing changes."""
    before = stored(db, call_id)
    after = _changed(before.result, changes)
    if after == before.result:
        return before
    revision = before.revision + 1
    row = result_row(after) | {"cursor": next_cursor(db, call_id, revision, reason), "revision": revision}
    # The first revision stays beside the last: `finish` knows a repetition by it, and people see what was said first.
    db.execute(
        f"UPDATE results SET original = coalesce(original, result), {', '.join(f'{name} = :{name}' for name in row)}"  # noqa: S608
        " WHERE call_id = :call_id",
        row,
    )
    return StoredResult(row["cursor"], after, revision)


def _changed(result: CallResult, changes: Mapping[str, Any]) -> CallResult:
    fixed = sorted(FIXED & changes.keys())
    if fixed:
        raise InvalidDataError(
            f"{', '.join(fixed)} of a result cannot be revised: that is what happened in the call",
            where=f"call {result.call_id}",
            remedy="leave it as it is",
        )
    try:
        return CallResult.model_validate(result.model_dump() | dict(changes))
    except ValidationError as error:  # not chained: it quotes the values
        faults = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise InvalidDataError(f"the revision cannot be taken: {faults}", where=f"call {result.call_id}") from None
