"""Call attempts, their turns and what they learn, inside a transaction someone else opened."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from hr_sync.errors import ConflictError, DoNotCallError, NotFoundError
from hr_sync.records import CallAttempt, CallState, DoNotCallEntry, DoNotCallReason, LearnedItem, LearnedKind, Turn
from hr_sync.store import people
from hr_sync.store.rows import Row, attempt_of, attempt_row, learned_of, learned_row, turn_of, turn_row, utc

_MOVES = {
    CallState.PLANNED: {CallState.DIALLING, CallState.ENDED},
    CallState.DIALLING: {CallState.RINGING, CallState.TALKING, CallState.ENDED},
    CallState.RINGING: {CallState.TALKING, CallState.ENDED},
    CallState.TALKING: {CallState.ENDED},
    CallState.ENDED: set(),
}
_ENTERED_AT = {
    CallState.DIALLING: "dialled_at",
    CallState.RINGING: "ringing_at",
    CallState.TALKING: "answered_at",
    CallState.ENDED: "ended_at",
}


def row_of(db: Database, call_id: str) -> Row:
    """The row of a call, or NotFoundError."""
    for row in db.query("SELECT * FROM calls WHERE call_id = ?", [call_id]):
        return row
    raise NotFoundError(f"there is no call {call_id}", remedy="open the attempt before anything else, or correct the id")


def open_attempt(db: Database, attempt: CallAttempt, *, called_us: bool = False) -> CallAttempt:
    """Write an attempt with the next number for its candidate and job."""
    for row in db.query("SELECT * FROM calls WHERE call_id = ?", [attempt.call_id]):
        if (row["candidate_id"], row["job_id"]) != (attempt.candidate_id, attempt.job_id):
            raise ConflictError(
                f"call {attempt.call_id} was opened for candidate {row['candidate_id']} and job {row['job_id']}",
                remedy="make a new call id for each attempt",
            )
        return attempt_of(row)
    people.refuse_strangers(db, "jobs", "job", [attempt.job_id])
    if people.is_blocked(db, people.candidate(db, attempt.candidate_id).phone) and not called_us:
        raise DoNotCallError(
            f"candidate {attempt.candidate_id} must not be called: the number is on the do-not-call list",
            remedy="leave it; only on the person's own wish may the number be taken off the list",
        )
    last = db.execute(
        "SELECT max(attempt) FROM calls WHERE candidate_id = ? AND job_id = ?", [attempt.candidate_id, attempt.job_id]
    ).fetchone()[0]
    opened = attempt.model_copy(update={"attempt": (last or 0) + 1})
    db.table("calls").insert(attempt_row(opened))
    return attempt_of(row_of(db, attempt.call_id))


def page(db: Database, after: str | None, limit: int) -> tuple[CallAttempt, ...]:
    """A page in the order of call ids."""
    rows = db.query("SELECT * FROM calls WHERE call_id > ? ORDER BY call_id LIMIT ?", [after or "", limit])
    return tuple(attempt_of(row) for row in rows)


def attempts(db: Database, candidate_id: str, job_id: str | None) -> tuple[CallAttempt, ...]:
    """A candidate's attempts, oldest first."""
    rows = db.query(
        "SELECT * FROM calls WHERE candidate_id = :candidate AND (:job IS NULL OR job_id = :job)"
        " ORDER BY started_at, attempt, call_id",
        {"candidate": candidate_id, "job": job_id},
    )
    return tuple(attempt_of(row) for row in rows)


def unfinished(db: Database, except_owner: str | None) -> tuple[CallAttempt, ...]:
    """Attempts without a result, oldest first."""
    rows = db.query(
        "SELECT * FROM calls WHERE result_at IS NULL AND owner IS NOT :owner ORDER BY started_at, call_id", {"owner": except_owner}
    )
    return tuple(attempt_of(row) for row in rows)


def set_state(db: Database, call_id: str, state: CallState, at: datetime) -> bool:
    """Move an attempt on, keeping when it entered the state."""
    now = CallState(row_of(db, call_id)["state"])
    if now is state:
        return False
    if state not in _MOVES[now]:
        raise ConflictError(
            f"call {call_id} is {now} and cannot become {state}", remedy="read the attempt again: somebody else moved it on"
        )
    db.execute(f"UPDATE calls SET state = ?, {_ENTERED_AT[state]} = ? WHERE call_id = ?", [state, utc(at), call_id])  # noqa: S608
    return True


def add_turn(db: Database, call_id: str, index: int, turn: Turn) -> bool:
    """Write one turn."""
    call = row_of(db, call_id)
    row = turn_row(call_id, index, turn)
    for stored in db.query("SELECT * FROM turns WHERE call_id = ? AND turn = ?", [call_id, index]):
        if stored == row:
            return False
        raise ConflictError(f"call {call_id} has another turn {index} already", remedy="count turns from 0, each once")
    _refuse_finished(call, "turn")
    db.table("turns").insert(row)
    return True


def turns(db: Database, call_id: str) -> tuple[Turn, ...]:
    """The transcript as written so far."""
    return tuple(turn_of(row) for row in db.query("SELECT * FROM turns WHERE call_id = ? ORDER BY turn", [call_id]))


def learn(db: Database, call_id: str, item: LearnedItem) -> bool:
    """Write one thing learned; a wish never to be called again takes effect at once."""
    call = row_of(db, call_id)
    row = learned_row(call_id, item)
    where = [call_id, item.kind, item.key]
    stored = next(iter(db.query("SELECT * FROM learned WHERE call_id = ? AND kind = ? AND key = ?", where)), None)
    if stored == row:
        return False
    _refuse_finished(call, "learned item")
    if stored is None:
        db.table("learned").insert(row)
    else:
        db.execute(
            "UPDATE learned SET value = :value, text = :text, at = :at WHERE call_id = :call_id AND kind = :kind AND key = :key",
            row,
        )
    if item.kind is LearnedKind.DO_NOT_CALL and item.value is not False:
        block_candidate(db, call, item.at)
    return True


def learned(db: Database, call_id: str) -> tuple[LearnedItem, ...]:
    """What was learned, in the order of first learning."""
    return tuple(learned_of(row) for row in db.query("SELECT * FROM learned WHERE call_id = ? ORDER BY rowid", [call_id]))


def block_candidate(db: Database, call: Row, at: datetime) -> None:
    """Put the number of the call's candidate on the do-not-call list."""
    number = people.candidate(db, call["candidate_id"]).phone
    people.block(db, DoNotCallEntry(number=number, reason=DoNotCallReason.CANDIDATE_ASKED, at=at, call_id=call["call_id"]))


def _refuse_finished(call: Row, what: str) -> None:
    if call["result_at"] is not None:
        raise ConflictError(f"call {call['call_id']} has its result already and takes no {what}", remedy="write before finishing")
