"""Resumes that were read, in the SQLite store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from hr_sync.errors import ConflictError, NotFoundError
from hr_sync.records import Candidate
from hr_sync.records.resumes import Resume, ResumeState
from hr_sync.store.connection import Connections
from hr_sync.store.rows import candidate_row, to_json, utc
from hr_sync.store.upsert import upsert


class ResumeTables:
    """The part of a `Store` that keeps proposals of resumes."""

    _connections: Connections

    def put_resumes(self, resumes: Iterable[Resume]) -> int:
        """See `Store.put_resumes`."""
        new = 0
        with self._connections.write() as db:
            for resume in resumes:
                row = _row(resume)
                columns, marks = ", ".join(row), ", ".join(f":{column}" for column in row)
                new += db.execute(f"INSERT OR IGNORE INTO resumes ({columns}) VALUES ({marks})", row).rowcount  # noqa: S608 - ours
        return new

    def resume(self, resume_id: str) -> Resume:
        """See `Store.resume`."""
        with self._connections.read() as db:
            return _resume(db, resume_id)

    def resumes(self, state: ResumeState | None = None, *, after: str | None = None, limit: int = 100) -> tuple[Resume, ...]:
        """See `Store.resumes`."""
        where, given = ("AND state = ?", [state.value]) if state is not None else ("", [])
        with self._connections.read() as db:
            rows = db.query(f"SELECT * FROM resumes WHERE id > ? {where} ORDER BY id LIMIT ?", [after or "", *given, limit])  # noqa: S608
            return tuple(_of(row) for row in rows)

    def read_resumes(self) -> frozenset[str]:
        """See `Store.read_resumes`."""
        with self._connections.read() as db:
            return frozenset(sha256 for (sha256,) in db.execute("SELECT sha256 FROM resumes"))

    def decide_resume(self, resume_id: str, candidate: Candidate | None, *, by: str, at: datetime) -> Resume:
        """See `Store.decide_resume`."""
        state = ResumeState.REJECTED if candidate is None else ResumeState.CONFIRMED
        with self._connections.write() as db:
            before = _resume(db, resume_id)
            if before.state is not ResumeState.PROPOSED:
                raise ConflictError(f"resume {resume_id} is {before.state} already", where=f"resume {resume_id}")
            if candidate is not None:
                upsert(db, "candidates", [candidate_row(candidate)])
            db.execute(
                "UPDATE resumes SET state = ?, candidate_id = ?, decided_by = ?, decided_at = ? WHERE id = ?",
                [state.value, None if candidate is None else candidate.id, by, utc(at), resume_id],
            )
            return _resume(db, resume_id)


def _row(resume: Resume) -> dict[str, Any]:
    return resume.model_dump(mode="json") | {
        "read_at": utc(resume.read_at),
        "decided_at": None if resume.decided_at is None else utc(resume.decided_at),
        "proposal": to_json(resume.proposal.model_dump(mode="json")),
    }


def _resume(db: Database, resume_id: str) -> Resume:
    for row in db.query("SELECT * FROM resumes WHERE id = ?", [resume_id]):
        return _of(row)
    raise NotFoundError(f"there is no resume {resume_id}", remedy="list them: hireline hr resumes list")


def _of(row: dict[str, Any]) -> Resume:
    return Resume.model_validate(row | {"proposal": json.loads(row["proposal"])})
