"""The talent pool: who in it fits a job that is open now. Nobody is dialled by this: HR starts the campaign that is laid out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog

from hr_sync.errors import ConflictError
from hr_sync.records import Job, ScreeningOutcome
from hr_sync.records.campaigns import Campaign
from hr_sync.records.followups import Task, TaskKind
from hr_sync.screening.engine import draft_of
from hr_sync.store import SqliteStore
from hr_sync.store.campaigns import Campaigns
from hr_sync.store.followups import Followups, Plan

log = structlog.get_logger(__name__)

ALIKE = 0.3
"""Likeness from which jobs count as similar."""
_TITLE, _SKILLS, _COMPETENCIES, _FIELD = 0.35, 0.3, 0.2, 0.15


def likeness(one: Job, other: Job) -> float:
    """How alike two jobs are, 0-1: words of the title, skills, competencies, field."""
    skills = [{*job.requirements.skills_all, *job.requirements.skills_any} for job in (one, other)]
    field = one.requirements.field is not None and one.requirements.field == other.requirements.field
    return (
        _TITLE * _overlap(_pairs(one.title), _pairs(other.title))
        + _SKILLS * _overlap(*skills)
        + _COMPETENCIES * _overlap({*one.competencies}, {*other.competencies})
        + _FIELD * field
    )


def fitting(store: SqliteStore, job: Job) -> tuple[str, ...]:
    """People of the pool who were called about a similar job, meet what this one asks, and were not called about it yet."""
    entries = [entry for entry in Followups(store.connections).pool(limit=100_000) if entry.job_id != job.id]
    alike = {job_id for job_id in {entry.job_id for entry in entries} if likeness(store.job(job_id), job) >= ALIKE}
    pooled = {entry.candidate_id for entry in entries if entry.job_id in alike}
    if not pooled:
        return ()
    matched = [name for name, outcome, _, _ in draft_of(store, job).candidates if outcome is ScreeningOutcome.MATCHED]
    return tuple(name for name in matched if name in pooled and _may_be_called(store, name, job.id))


def look_for_similar_jobs(store: SqliteStore, now: datetime | None = None) -> int:
    """For each open job: a task for HR about everyone who fits, and a campaign laid out; returns how many people are new.

    The campaign `pool-JOB` is a draft: `hireline campaign start` is a person's word.
    """
    now = now or datetime.now(UTC)
    followups = Followups(store.connections)
    known = {task.id for done in (False, True) for task in followups.tasks(done=done, limit=100_000)}
    found = 0
    for job in store.jobs(limit=10_000):
        fresh = [name for name in (fitting(store, job) if job.open else ()) if _task_id(job, name) not in known]
        if not fresh:
            continue
        campaign = _lay_out(store, job, fresh, now)
        tasks = tuple(
            Task(
                id=_task_id(job, name),
                candidate_id=name,
                job_id=job.id,
                kind=TaskKind.SIMILAR_JOB,
                detail=f"hireline campaign start {campaign}" if campaign else "",
                due_at=now + timedelta(days=3),
            )
            for name in fresh
        )
        followups.add(Plan("", tasks=tasks))
        found += len(fresh)
        log.info("similar_job", job=job.id, people=len(fresh), campaign=campaign)
    return found


def _lay_out(store: SqliteStore, job: Job, candidates: list[str], now: datetime) -> str | None:
    """A campaign of that name is left as it is: HR adds to it or makes another."""
    made = Campaign(id=f"pool-{job.id}", name=f"人才库：{job.title}", job_id=job.id, attempts=2, created_at=now)
    try:
        return Campaigns(store.connections).create(made, candidates).id
    except ConflictError:
        return None


def _task_id(job: Job, candidate_id: str) -> str:
    return f"pool.{job.id}.{candidate_id}"[:80]


def _may_be_called(store: SqliteStore, candidate_id: str, job_id: str) -> bool:
    return not store.attempts(candidate_id, job_id) and not store.is_blocked(store.candidate(candidate_id).phone)


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}


def _overlap(one: set[str], other: set[str]) -> float:
    """Shared part of the smaller set."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0
