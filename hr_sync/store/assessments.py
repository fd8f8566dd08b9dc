"""Assessments and decisions in the SQLite store."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlite_utils import Database

from hr_sync.errors import ConflictError, NotFoundError
from hr_sync.records.assessment import Assessment, Decision
from hr_sync.store import calls
from hr_sync.store.connection import Connections
from hr_sync.store.rows import Row, utc


class AssessmentTables:
    """The part of a `Store` that keeps assessments and decisions."""

    _connections: Connections

    def put_assessment(self, assessment: Assessment) -> bool:
        """See `Store.put_assessment`."""
        with self._connections.write() as db:
            _refuse_without_result(db, assessment.call_id)
            stored = _assessment(db, assessment.call_id)
            if stored is not None and stored.model_copy(update={"assessed_at": assessment.assessed_at}) == assessment:
                return False
            db.table("assessments").upsert(_assessment_row(assessment), pk="call_id")
            return True

    def assessment(self, call_id: str) -> Assessment:
        """See `Store.assessment`."""
        with self._connections.read() as db:
            _refuse_without_result(db, call_id)
            found = _assessment(db, call_id)
        if found is None:
            raise NotFoundError(f"call {call_id} has not been assessed", remedy=f"hireline hr assess {call_id}")
        return found

    def unassessed(self, *, limit: int = 100) -> tuple[str, ...]:
        """See `Store.unassessed`."""
        with self._connections.read() as db:
            found = db.execute(
                "SELECT r.call_id FROM results r LEFT JOIN assessments a ON a.call_id = r.call_id"
                " WHERE a.call_id IS NULL AND r.answered_at IS NOT NULL ORDER BY r.ended_at, r.call_id LIMIT ?",
                [limit],
            )
            return tuple(call_id for (call_id,) in found)

    def decide(self, decision: Decision, *, note: Callable[[Database], None] = lambda db: None) -> bool:
        """See `Store.decide`; `note` writes it into the audit log, in the same transaction."""
        row = decision.model_dump(mode="json") | {"at": utc(decision.at), "decided_by": decision.by}
        del row["by"]
        with self._connections.write() as db:
            _refuse_without_result(db, decision.call_id)
            for stored in db.query("SELECT * FROM decisions WHERE id = ?", [decision.id]):
                if stored == row:
                    return False
                raise ConflictError(f"there is another decision {decision.id}", remedy="give each decision its own id")
            db.table("decisions").insert(row)
            note(db)
            return True

    def decisions(self, call_id: str) -> tuple[Decision, ...]:
        """See `Store.decisions`."""
        with self._connections.read() as db:
            _refuse_without_result(db, call_id)
            rows = db.query("SELECT * FROM decisions WHERE call_id = ? ORDER BY at, rowid", [call_id])
            return tuple(_decision_of(row) for row in rows)


def _refuse_without_result(db: Database, call_id: str) -> None:
    if db.execute("SELECT 1 FROM results WHERE call_id = ?", [call_id]).fetchone() is None:
        calls.row_of(db, call_id)
        raise NotFoundError(f"call {call_id} has no result yet", remedy="wait until it has ended")


def _assessment(db: Database, call_id: str) -> Assessment | None:
    for (document,) in db.execute("SELECT assessment FROM assessments WHERE call_id = ?", [call_id]):
        return Assessment.model_validate_json(document)
    return None


def _assessment_row(assessment: Assessment) -> Row:
    document = assessment.model_dump_json()
    fields = json.loads(document)
    return {name: fields[name] for name in ("call_id", "candidate_id", "job_id", "method", "overall", "confidence")} | {
        "assessed_at": utc(assessment.assessed_at),
        "level": assessment.offer.level,
        "offer_min": assessment.offer.range.min,
        "offer_max": assessment.offer.range.max,
        "recommendation": assessment.recommendation.value,
        "assessment": document,
    }


def _decision_of(row: Row) -> Decision:
    fields = dict(row)
    return Decision.model_validate(fields | {"by": fields.pop("decided_by")})
