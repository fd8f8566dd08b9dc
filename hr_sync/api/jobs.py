"""Jobs with their companies, pay and facts."""

from __future__ import annotations

from hr_sync.api.bodies import JobsPage, PageQuery, Written
from hr_sync.api.operation import Ask, Operation, Resources
from hr_sync.api.people import refuse_other_id, written
from hr_sync.api.scopes import Scope
from hr_sync.records import Job


def _page(resources: Resources, ask: Ask) -> JobsPage:
    found = resources.store.jobs(after=ask.query.after, limit=ask.query.limit)
    return JobsPage(jobs=found, next=found[-1].id if len(found) == ask.query.limit else None)


def _one(resources: Resources, ask: Ask) -> Job:
    return resources.store.job(ask.id)


def _put(resources: Resources, ask: Ask) -> Written:
    refuse_other_id(ask.id, ask.body.id)
    return written(ask.id, resources.store.put_jobs([ask.body]))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/jobs",
        id="listJobs",
        summary="Jobs in the order of ids",
        scope=Scope.JOBS_READ,
        query=PageQuery,
        answer=JobsPage,
        run=_page,
        tag="jobs",
    ),
    Operation(
        method="GET",
        path="/v1/jobs/{job_id}",
        id="getJob",
        summary="One job",
        scope=Scope.JOBS_READ,
        answer=Job,
        run=_one,
        errors=(404,),
        tag="jobs",
    ),
    Operation(
        method="PUT",
        path="/v1/jobs/{job_id}",
        id="putJob",
        summary="Write a job, new or in place of the one with this id; twice is once",
        scope=Scope.JOBS_WRITE,
        body=Job,
        answer=Written,
        run=_put,
        audit="job.write",
        tag="jobs",
    ),
)
