"""Jobs with their companies, pay structures and facts, inside a transaction someone else opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from sqlite_utils import Database

from hr_sync.errors import InvalidDataError, NotFoundError
from hr_sync.records import Company, Job, PayStructure
from hr_sync.store.base import PutCounts
from hr_sync.store.rows import Row, company_row, fact_rows, job_of, job_row, pay_row
from hr_sync.store.upsert import by_id, upsert

S = TypeVar("S", Company, PayStructure)


def job(db: Database, job_id: str) -> Job:
    """One job, or NotFoundError."""
    found = _assembled(db, list(by_id(db, "jobs", [job_id]).values()))
    if not found:
        raise NotFoundError(f"there is no job {job_id}", remedy="import the job first, or correct the id")
    return found[0]


def jobs(db: Database, after: str | None, limit: int) -> tuple[Job, ...]:
    """A page in the order of ids."""
    return _assembled(db, list(db.query("SELECT * FROM jobs WHERE id > ? ORDER BY id LIMIT ?", [after or "", limit])))


def put(db: Database, wanted: Sequence[Job]) -> PutCounts:
    """Write jobs and what belongs to them. A job whose company, pay or facts changed counts as changed."""
    _, companies = upsert(
        db, "companies", [company_row(company) for company in _shared("company", [(job.id, job.company) for job in wanted])]
    )
    _, pays = upsert(
        db, "pay_structures", [pay_row(pay) for pay in _shared("pay structure", [(job.id, job.pay) for job in wanted])]
    )
    new, changed = upsert(db, "jobs", [job_row(job) for job in wanted])
    changed |= {job.id for job in wanted if job.company.id in companies or job.pay.id in pays}
    changed |= {job.id for job in wanted if _put_facts(db, job)}
    changed -= new
    return PutCounts(new=len(new), changed=len(changed), same=len(wanted) - len(new) - len(changed))


def _shared(kind: str, wanted: Sequence[tuple[str, S]]) -> list[S]:
    """Each company, or pay structure, once; jobs must agree about it."""
    found: dict[str, tuple[str, S]] = {}
    for job_id, part in wanted:
        first, known = found.setdefault(part.id, (job_id, part))
        if known != part:
            raise InvalidDataError(
                f"jobs {first} and {job_id} disagree about the {kind} {part.id}",
                where=f"job {job_id}",
                remedy="make both alike, or give one another id",
            )
    return [part for _, part in found.values()]


def _put_facts(db: Database, job: Job) -> bool:
    wanted = {row["topic"]: row["facts"] for row in fact_rows(job)}
    if wanted == _facts(db, [job.id])[job.id]:
        return False
    db.execute("DELETE FROM job_facts WHERE job_id = ?", [job.id])
    db.table("job_facts").insert_all(fact_rows(job))
    return True


def _facts(db: Database, job_ids: Sequence[str]) -> defaultdict[str, dict[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for job_id in job_ids:
        for row in db.query("SELECT topic, facts FROM job_facts WHERE job_id = ?", [job_id]):
            found[job_id][row["topic"]] = row["facts"]
    return found


def _assembled(db: Database, rows: Sequence[Row]) -> tuple[Job, ...]:
    companies = by_id(db, "companies", sorted({row["company_id"] for row in rows}))
    pays = by_id(db, "pay_structures", sorted({row["pay_id"] for row in rows}))
    facts = _facts(db, [row["id"] for row in rows])
    return tuple(
        job_of(_stamped(row), _stamped(companies[row["company_id"]]), _stamped(pays[row["pay_id"]]), facts[row["id"]])
        for row in rows
    )


def _stamped(row: Row) -> Row:
    return {column: value for column, value in row.items() if column != "updated_at"}
