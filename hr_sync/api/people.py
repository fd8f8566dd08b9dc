"""Candidates, and numbers that are never dialled."""

from __future__ import annotations

from hr_sync.api.bodies import Block, Blocked, Candidates, CandidatesPage, PageQuery, PhoneSearch, Written
from hr_sync.api.operation import Ask, Operation, Resources
from hr_sync.api.problems import ProblemError
from hr_sync.api.scopes import Scope
from hr_sync.records import Candidate, DoNotCallEntry
from hr_sync.store.base import PutCounts


def written(record_id: str, counts: PutCounts) -> Written:
    """What a `put_…` of one record did."""
    return Written(id=record_id, outcome="new" if counts.new else "changed" if counts.changed else "same")


def refuse_other_id(path_id: str, record_id: str) -> None:
    """Raise ProblemError when path and body name different records."""
    if path_id != record_id:
        raise ProblemError(409, "conflict", "the id in the path is not the id in the body", remedy="make them the same")


def _page(resources: Resources, ask: Ask) -> CandidatesPage:
    found = resources.store.candidates(after=ask.query.after, limit=ask.query.limit)
    return CandidatesPage(candidates=found, next=found[-1].id if len(found) == ask.query.limit else None)


def _one(resources: Resources, ask: Ask) -> Candidate:
    return resources.store.candidate(ask.id)


def _put(resources: Resources, ask: Ask) -> Written:
    refuse_other_id(ask.id, ask.body.id)
    return written(ask.id, resources.store.put_candidates([ask.body]))


def _search(resources: Resources, ask: Ask) -> Candidates:
    return Candidates(candidates=resources.store.find_by_phone(ask.body.phone))


def _block(resources: Resources, ask: Ask) -> Blocked:
    now = resources.now()
    entry = DoNotCallEntry(number=ask.body.number, reason=ask.body.reason, at=now, note=ask.body.note)
    return Blocked(at=now, new=resources.store.block(entry))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/candidates",
        id="listCandidates",
        summary="Candidates in the order of ids",
        scope=Scope.CANDIDATES_READ,
        query=PageQuery,
        answer=CandidatesPage,
        run=_page,
        audit="candidates.read",
        tag="candidates",
    ),
    Operation(
        method="GET",
        path="/v1/candidates/{candidate_id}",
        id="getCandidate",
        summary="One candidate",
        scope=Scope.CANDIDATES_READ,
        answer=Candidate,
        run=_one,
        errors=(404,),
        audit="candidate.read",
        tag="candidates",
    ),
    Operation(
        method="PUT",
        path="/v1/candidates/{candidate_id}",
        id="putCandidate",
        summary="Write a candidate, new or in place of the one with this id; twice is once",
        scope=Scope.CANDIDATES_WRITE,
        body=Candidate,
        answer=Written,
        run=_put,
        audit="candidate.write",
        tag="candidates",
    ),
    Operation(
        method="POST",
        path="/v1/candidate-search",
        id="findCandidates",
        summary="Everyone with a telephone number",
        scope=Scope.CANDIDATES_READ,
        body=PhoneSearch,
        answer=Candidates,
        run=_search,
        audit="candidates.search",
        tag="candidates",
    ),
    Operation(
        method="POST",
        path="/v1/do-not-call",
        id="blockNumber",
        summary="Never dial a number again",
        scope=Scope.DO_NOT_CALL_WRITE,
        body=Block,
        answer=Blocked,
        run=_block,
        audit="number.block",
        tag="candidates",
    ),
)
