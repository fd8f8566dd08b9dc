"""All candidates against one job's rules: rules give verdicts and who has which, numpy adds them up."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from hr_sync.records import Job, Screening, ScreeningOutcome, ScreeningReason, Sector
from hr_sync.screening.columns import Columns
from hr_sync.screening.rules import rules_of
from hr_sync.store import Store
from hr_sync.store.base import ScreeningDraft

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_UNKNOWN = -1


def screen(store: Store, job_id: str, *, as_of: date | None = None, screening_id: str | None = None) -> Screening:
    """Screen all candidates for a job and keep the result.

    Args:
        store: the database.
        job_id: the job.
        as_of: the day years of work count to; today (Shanghai) unless given. The same data and day give the same result.
        screening_id: name of the list; made up unless given.

    Raises:
        NotFoundError: no such job.
        ConflictError: there is a screening of that name.
    """
    return store.put_screening(draft_of(store, store.job(job_id), as_of=as_of, screening_id=screening_id))


def draft_of(store: Store, job: Job, *, as_of: date | None = None, screening_id: str | None = None) -> ScreeningDraft:
    """Screen all candidates for a job without keeping anything; see `screen`."""
    now = datetime.now(UTC)
    day = as_of or now.astimezone(_SHANGHAI).date()
    public = job.sector is Sector.PUBLIC
    rules = rules_of(job.requirements, as_of=day, age_day=age_day(job, day), strict=public)
    wanted = sorted({column for rule in rules for column in rule.columns} - {"birth_date"})
    columns = store.candidate_columns(["id", *wanted])
    ids: list[str] = columns["id"]
    if any("birth_date" in rule.columns for rule in rules):
        births = store.birth_dates(job.id)
        columns["birth_date"] = [births.get(candidate_id) for candidate_id in ids]
    held = Columns(columns)
    reasons: list[ScreeningReason] = []
    numbers = np.empty((len(ids), len(rules)), np.int32)
    met = np.empty((len(ids), len(rules)), np.int8)
    fit = np.empty((len(ids), len(rules)))
    for place, rule in enumerate(rules):
        verdicts, index = rule.judge(held)
        met[:, place] = np.array([_UNKNOWN if v.met is None else v.met for v in verdicts], np.int8)[index]
        fit[:, place] = np.array([v.fit for v in verdicts], np.float64)[index]
        numbers[:, place] = index + len(reasons)
        reasons += [ScreeningReason(rule=rule.name, met=verdict.met, zh=verdict.zh, en=verdict.en) for verdict in verdicts]
    candidates = _listed(ids, met, _scores(fit, [rule.weight for rule in rules], public=public), numbers)
    return ScreeningDraft(
        id=screening_id or f"screening-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        job_id=job.id,
        at=now,
        as_of=day,
        sector=job.sector,
        requirements=job.requirements,
        reasons=reasons,
        candidates=candidates,
    )


def age_day(job: Job, as_of: date) -> date:
    """The day on which ages count: the rule's own, or the first day of registration, or the day the notice was published."""
    if job.requirements.age is not None and job.requirements.age.as_of is not None:
        return job.requirements.age.as_of
    if job.notice is not None:
        return job.notice.registration_start or job.notice.published
    return as_of


def _scores(fit: npt.NDArray[np.float64], weights: list[float], *, public: bool) -> npt.NDArray[np.float64]:
    """0 to 100, one decimal. In the public sector a rule is met or not, and everyone who meets all is equal."""
    if public or sum(weights) == 0:
        return np.full(len(fit), 100.0)
    scores: npt.NDArray[np.float64] = np.round(fit @ np.array(weights) / sum(weights) * 100, 1)
    return scores


def _listed(
    ids: list[str], met: npt.NDArray[np.int8], scores: npt.NDArray[np.float64], numbers: npt.NDArray[np.int32]
) -> list[tuple[str, ScreeningOutcome, float | None, tuple[int, ...]]]:
    """Those who match, best first; then those of whom something is not known; then the others, the nearest first. Ties: by id."""
    failed = (met == 0).sum(axis=1)
    unknown = (met == _UNKNOWN).sum(axis=1)
    matched = np.flatnonzero((failed == 0) & (unknown == 0))
    unclear = np.flatnonzero((failed == 0) & (unknown > 0))
    others = np.flatnonzero(failed > 0)
    # Ids come in their order, and stable sorting keeps it among equals.
    order = (
        (ScreeningOutcome.MATCHED, matched[np.argsort(-scores[matched], kind="stable")]),
        (ScreeningOutcome.UNCLEAR, unclear[np.argsort(unknown[unclear], kind="stable")]),
        (ScreeningOutcome.NOT_MATCHED, others[np.argsort(failed[others], kind="stable")]),
    )
    listed: list[tuple[str, ScreeningOutcome, float | None, tuple[int, ...]]] = []
    for outcome, rows in order:
        of_rule = map(tuple, numbers[rows].tolist())
        graded: list[float | None] = scores[rows].tolist() if outcome is ScreeningOutcome.MATCHED else [None] * len(rows)
        listed += [(ids[row], outcome, score, found) for row, score, found in zip(rows.tolist(), graded, of_rule, strict=True)]
    return listed
