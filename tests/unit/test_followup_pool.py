"""The talent pool: a similar job finds people again, and HR decides whether they are called."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hr_sync.followup.pool import ALIKE, fitting, likeness, look_for_similar_jobs
from hr_sync.records import DoNotCallEntry, DoNotCallReason, Job
from hr_sync.records.campaigns import CampaignState
from hr_sync.records.followups import PoolEntry, TaskKind
from hr_sync.store import SqliteStore
from hr_sync.store.campaigns import Campaigns
from hr_sync.store.followups import Followups, Plan
from tests.unit.followup_kit import NOW, finish, sample


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with sample(tmp_path) as store:
        Followups(store.connections).add(
            Plan("", pool=(PoolEntry(candidate_id="zhang-wei", job_id="key-account-sales", since=NOW, reason="not_interested"),))
        )
        yield store


def similar(store: SqliteStore) -> Job:
    """A new job like the one they were called about."""
    job = store.job("key-account-sales").model_copy(update={"id": "regional-sales", "title": "区域大客户经理"})
    store.put_jobs([job])
    return job


def test_alike_are_jobs_of_a_kind(store: SqliteStore) -> None:
    sales = store.job("key-account-sales")
    assert likeness(sales, similar(store)) >= ALIKE
    for other in ("java-developer", "public-sector-technician"):
        assert likeness(sales, store.job(other)) < ALIKE


def test_a_similar_job_brings_a_task_and_a_campaign_that_hr_starts(store: SqliteStore) -> None:
    assert look_for_similar_jobs(store, NOW) == 0
    similar(store)
    assert look_for_similar_jobs(store, NOW) == 1
    (task,) = Followups(store.connections).tasks()
    assert (task.kind, task.candidate_id, task.job_id) == (TaskKind.SIMILAR_JOB, "zhang-wei", "regional-sales")
    campaign = Campaigns(store.connections).campaign("pool-regional-sales")
    assert campaign.state is CampaignState.DRAFT
    assert look_for_similar_jobs(store, NOW) == 0
    Followups(store.connections).finish_task(task.id, "林晓", NOW + timedelta(hours=1))
    assert look_for_similar_jobs(store, NOW) == 0


def test_whoever_was_called_about_it_or_asked_not_to_be_is_left_alone(store: SqliteStore) -> None:
    job = similar(store)
    assert fitting(store, job) == ("zhang-wei",)
    finish(store, "call-9", job="regional-sales")
    assert fitting(store, job) == ()
    other = job.model_copy(update={"id": "regional-sales-2"})
    store.put_jobs([other])
    assert fitting(store, other) == ("zhang-wei",)
    store.block(DoNotCallEntry(number=store.candidate("zhang-wei").phone, reason=DoNotCallReason.CANDIDATE_ASKED, at=NOW))
    assert fitting(store, other) == ()


def test_a_closed_job_looks_for_nobody(store: SqliteStore) -> None:
    store.put_jobs([similar(store).model_copy(update={"open": False})])
    assert look_for_similar_jobs(store, NOW) == 0
