"""Screenings in the SQLite store, and the columns that screening reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlite_utils import Database

from hr_sync.errors import ConflictError, InvalidDataError, NotFoundError
from hr_sync.records import ScreenedCandidate, Screening, ScreeningOutcome, ScreeningReason
from hr_sync.store import jobs as job_rows
from hr_sync.store.base import ScreeningDraft
from hr_sync.store.connection import Connections
from hr_sync.store.rows import to_json, utc

_COLUMNS = frozenset(
    {"id", "status", "degree", "major", "city", "years_experience", "graduated", "employments", "skills", "certificates"}
)
_HEADER = ("id", "job_id", "at", "as_of", "sector", "requirements", "considered", "matched", "unclear", "not_matched")


class ScreeningTables:
    """The part of a `Store` that keeps screenings."""

    _connections: Connections

    def candidate_columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """See `Store.candidate_columns`."""
        unknown = sorted(set(names) - _COLUMNS)
        if unknown:
            raise InvalidDataError(f"screening does not read {', '.join(unknown)}", remedy=f"ask for {', '.join(sorted(_COLUMNS))}")
        with self._connections.read() as db:
            found = db.execute(f"SELECT {', '.join(names)} FROM candidates ORDER BY id").fetchall()  # noqa: S608 - checked above
        return {name: [row[place] for row in found] for place, name in enumerate(names)}

    def birth_dates(self, job_id: str) -> dict[str, date]:
        """See `Store.birth_dates`."""
        with self._connections.read() as db:
            if job_rows.job(db, job_id).requirements.age is None:
                raise ConflictError(f"job {job_id} carries no age rule, so nobody's age is looked at", where=f"job {job_id}")
            found = db.execute("SELECT candidate_id, birth_date FROM birth_dates").fetchall()
        return {candidate_id: date.fromisoformat(day) for candidate_id, day in found}

    def put_birth_dates(self, dates: Mapping[str, date]) -> int:
        """See `Store.put_birth_dates`."""
        with self._connections.write() as db:
            return write_birth_dates(db, dates)

    def put_screening(self, draft: ScreeningDraft) -> Screening:
        """See `Store.put_screening`."""
        with self._connections.write() as db:
            _insert(db, draft)
            return _screening(db, draft.id)

    def screening(self, screening_id: str) -> Screening:
        """See `Store.screening`."""
        with self._connections.read() as db:
            return _screening(db, screening_id)

    def screenings(self, job_id: str | None = None, *, limit: int = 100) -> tuple[Screening, ...]:
        """See `Store.screenings`."""
        with self._connections.read() as db:
            where, given = ("WHERE job_id = ?", [job_id]) if job_id is not None else ("", [])
            ids = db.execute(f"SELECT id FROM screenings {where} ORDER BY at DESC, id LIMIT ?", [*given, limit]).fetchall()  # noqa: S608
            return tuple(_screening(db, screening_id, candidates=False) for (screening_id,) in ids)

    def screened(
        self, screening_id: str, outcome: ScreeningOutcome, *, after: int = 0, limit: int = 100
    ) -> tuple[ScreenedCandidate, ...]:
        """See `Store.screened`."""
        with self._connections.read() as db:
            number = _header(db, screening_id)["number"]
            return _screened(db, number, outcome, after, limit)


def write_birth_dates(db: Database, dates: Mapping[str, date]) -> int:
    """Write days of birth inside a transaction; returns how many changed."""
    now = db.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f000Z')").fetchone()[0]
    before = db.conn.total_changes
    db.conn.executemany(
        "INSERT INTO birth_dates (candidate_id, birth_date, updated_at) VALUES (?, ?, ?) "
        "ON CONFLICT (candidate_id) DO UPDATE SET birth_date = excluded.birth_date, updated_at = excluded.updated_at "
        "WHERE birth_date <> excluded.birth_date",
        [(candidate_id, day.isoformat(), now) for candidate_id, day in dates.items()],
    )
    return db.conn.total_changes - before


def _insert(db: Database, draft: ScreeningDraft) -> None:
    if db.execute("SELECT 1 FROM screenings WHERE id = ?", [draft.id]).fetchone():
        raise ConflictError(f"there is a screening {draft.id} already", remedy="choose another name")
    job_rows.job(db, draft.job_id)
    counts = dict.fromkeys(ScreeningOutcome, 0)
    rows = []
    for candidate_id, outcome, score, reasons in draft.candidates:
        counts[outcome] += 1
        rows.append((outcome.value, counts[outcome], candidate_id, score, reasons))
    values = [
        draft.id, draft.job_id, utc(draft.at), draft.as_of.isoformat(), draft.sector.value,
        to_json(draft.requirements.model_dump(mode="json")), len(rows), counts[ScreeningOutcome.MATCHED],
        counts[ScreeningOutcome.UNCLEAR], counts[ScreeningOutcome.NOT_MATCHED],
    ]  # fmt: skip
    marks = ", ".join("?" * len(_HEADER))
    number = db.execute(f"INSERT INTO screenings ({', '.join(_HEADER)}) VALUES ({marks})", values).lastrowid  # noqa: S608 - ours
    db.conn.executemany(
        "INSERT INTO screening_reasons VALUES (?, ?, ?, ?, ?, ?)",
        [(number, place, reason.rule.value, reason.met, reason.zh, reason.en) for place, reason in enumerate(draft.reasons)],
    )
    db.conn.executemany(
        "INSERT INTO screening_candidates VALUES (?, ?, ?, ?, ?, ?)",
        [(number, outcome, place, who, score, f"[{','.join(map(str, reasons))}]") for outcome, place, who, score, reasons in rows],
    )


def _header(db: Database, screening_id: str) -> dict[str, Any]:
    for row in db.query("SELECT * FROM screenings WHERE id = ?", [screening_id]):
        return dict(row)
    raise NotFoundError(f"there is no screening {screening_id}", remedy="list them: hireline hr screenings")


def _screening(db: Database, screening_id: str, *, candidates: bool = True) -> Screening:
    row = _header(db, screening_id)
    number = row.pop("number")
    row["matched"] = _screened(db, number, ScreeningOutcome.MATCHED, 0, -1) if candidates else ()
    return Screening.model_validate(row | {"requirements": json.loads(row["requirements"])})


def _screened(db: Database, number: int, outcome: ScreeningOutcome, after: int, limit: int) -> tuple[ScreenedCandidate, ...]:
    reasons = {
        place: ScreeningReason.model_validate({"rule": rule, "met": None if met is None else bool(met), "zh": zh, "en": en})
        for place, rule, met, zh, en in db.execute(
            "SELECT reason, rule, met, zh, en FROM screening_reasons WHERE screening = ?", [number]
        )
    }
    rows = db.execute(
        "SELECT candidate_id, place, score, reasons FROM screening_candidates WHERE screening = ? AND outcome = ? AND place > ? "
        "ORDER BY place LIMIT ?",
        [number, outcome.value, after, limit],
    )
    return tuple(
        # Not validated again: what was written was valid, and there may be a hundred thousand.
        ScreenedCandidate.model_construct(
            candidate_id=candidate_id,
            place=place,
            outcome=outcome,
            score=score,
            reasons=tuple(reasons[number] for number in json.loads(listed)),
        )
        for candidate_id, place, score, listed in rows
    )
