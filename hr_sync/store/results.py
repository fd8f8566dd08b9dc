"""Results: written when the call ends, read in the order of arrival, made up for calls whose process died."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlite_utils import Database

from hr_sync.errors import ConflictError
from hr_sync.records import (
    CallAttempt,
    CallResult,
    Consent,
    Disposition,
    Doubt,
    Interest,
    LearnedItem,
    LearnedKind,
    Speaker,
    Turn,
)
from hr_sync.store import calls, revisions
from hr_sync.store.base import StoredResult
from hr_sync.store.rows import Row, attempt_of, result_row, turn_row, utc


def finish(db: Database, result: CallResult) -> bool:
    """Write a result, the turns it has beyond those written, and the end of its attempt."""
    call = calls.row_of(db, result.call_id)
    _refuse_foreign(call, result)
    row = result_row(result)
    for (stored,) in db.execute("SELECT coalesce(original, result) FROM results WHERE call_id = ?", [result.call_id]):
        if stored == row["result"]:
            return False
        raise ConflictError(
            f"call {result.call_id} has another result already", remedy="a call ends once; what is found out later is a revision"
        )
    db.table("results").insert(row | {"cursor": revisions.next_cursor(db, result.call_id, 1, "finished"), "revision": 1})
    db.table("turns").upsert_all(
        (turn_row(result.call_id, index, turn) for index, turn in enumerate(result.transcript)), pk=("call_id", "turn")
    )
    db.execute(
        "UPDATE calls SET state = 'ended', answered_at = :answered_at, ended_at = :ended_at, result_at = :now"
        " WHERE call_id = :call_id",
        row | {"now": utc(datetime.now(UTC))},
    )
    if result.disposition is Disposition.STOP_CALLING:
        calls.block_candidate(db, call, result.ended_at)
    return True


def results(db: Database, after: int, limit: int) -> tuple[StoredResult, ...]:
    """Results behind a cursor, each in its last revision."""
    rows = db.query("SELECT cursor, revision, result FROM results WHERE cursor > ? ORDER BY cursor LIMIT ?", [after, limit])
    return tuple(revisions.stored_of(row) for row in rows)


def left_behind(db: Database, call: Row, *, at: datetime, evidence: str, recording: str | None) -> CallResult:
    """The result of a call whose process died, from what was written before.

    Args:
        db: an open transaction.
        call: its row of `calls`.
        at: when it was found; it ended before that.
        evidence: why it is taken for dead.
        recording: where its sound was found.
    """
    attempt = attempt_of(call)
    turns = calls.turns(db, attempt.call_id)
    learned = calls.learned(db, attempt.call_id)
    of = _by_kind(learned)
    interest, consent = of[LearnedKind.INTEREST].get("interest"), of[LearnedKind.CONSENT].get("recording")
    return CallResult(
        call_id=attempt.call_id,
        attempt=attempt.attempt,
        candidate_id=attempt.candidate_id,
        job_id=attempt.job_id,
        disposition=_disposition(of, turns),
        evidence=evidence,
        started_at=attempt.started_at,
        answered_at=attempt.answered_at,
        ended_at=attempt.ended_at or min(_last_sign(call, attempt, turns, learned), at),
        interest=interest.value if interest else Interest.UNDETERMINED,
        slots={key: item.value for key, item in of[LearnedKind.SLOT].items()},
        questions_asked=tuple(of[LearnedKind.QUESTION]),
        doubts=tuple(Doubt(intent=key, text=item.text, answered=item.value) for key, item in of[LearnedKind.DOUBT].items()),
        transcript=turns,
        recording=recording,
        consent=Consent(recording=bool(consent and consent.value)),
        metrics={"abandoned_at": at.isoformat()},
    )


def _last_sign(call: Row, attempt: CallAttempt, turns: tuple[Turn, ...], learned: tuple[LearnedItem, ...]) -> datetime:
    """When the call was last known to live: its last state, the end of the last turn, the last thing learned."""
    signs = [
        datetime.fromisoformat(call[column]) for column in ("started_at", "dialled_at", "ringing_at", "answered_at") if call[column]
    ]
    if attempt.answered_at:
        signs += [attempt.answered_at + timedelta(milliseconds=turn.end_ms) for turn in turns]
    return max(signs + [item.at for item in learned])


def _by_kind(learned: tuple[LearnedItem, ...]) -> dict[LearnedKind, dict[str, LearnedItem]]:
    found: dict[LearnedKind, dict[str, LearnedItem]] = {kind: {} for kind in LearnedKind}
    for item in learned:
        found[item.kind][item.key] = item
    return found


def _disposition(of: dict[LearnedKind, dict[str, LearnedItem]], turns: tuple[Turn, ...]) -> Disposition:
    if any(item.value is not False for item in of[LearnedKind.DO_NOT_CALL].values()):
        return Disposition.STOP_CALLING
    if any(turn.who is Speaker.CANDIDATE for turn in turns):
        return Disposition.PARTIAL
    return Disposition.SYSTEM_FAILED


def _refuse_foreign(call: Row, result: CallResult) -> None:
    for field in ("candidate_id", "job_id", "attempt"):
        if call[field] != getattr(result, field):
            raise ConflictError(
                f"the result of call {result.call_id} says {field} {getattr(result, field)}, the attempt {call[field]}",
                remedy="take them from the opened attempt",
            )
