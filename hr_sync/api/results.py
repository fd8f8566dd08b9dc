"""Results, pulled by cursor."""

from __future__ import annotations

from hr_sync.api.bodies import ErasureItem, ErasuresPage, ErasuresQuery, ResultItem, ResultsPage, ResultsQuery
from hr_sync.api.operation import Ask, Operation, Resources
from hr_sync.api.scopes import Scope
from hr_sync.store.base import StoredResult


def item(stored: StoredResult) -> ResultItem:
    """A stored result as it is sent."""
    call_id = stored.result.call_id
    return ResultItem(
        cursor=stored.cursor,
        call_id=call_id,
        revision=stored.revision,
        recording=f"/v1/recordings/{call_id}" if stored.result.recording else None,
        result=stored.result,
    )


def _page(resources: Resources, ask: Ask) -> ResultsPage:
    found = resources.store.results(ask.query.after, ask.query.limit + 1)
    page = found[: ask.query.limit]
    return ResultsPage(
        results=tuple(item(stored) for stored in page),
        next=page[-1].cursor if page else ask.query.after,
        more=len(found) > len(page),
    )


def _one(resources: Resources, ask: Ask) -> ResultItem:
    return item(resources.store.stored_result(ask.id))


def _erasures(resources: Resources, ask: Ask) -> ErasuresPage:
    found = resources.erasing.erasures(ask.query.after, ask.query.limit)
    items = tuple(
        ErasureItem(number=each.number, candidate_id=each.candidate_id, call_ids=each.call_ids, reason=each.reason, at=each.at)
        for each in found
    )
    return ErasuresPage(erasures=items, next=found[-1].number if found else ask.query.after)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/results",
        id="listResults",
        summary="Results behind a cursor, in the order in which they arrived or were revised",
        scope=Scope.RESULTS_READ,
        query=ResultsQuery,
        answer=ResultsPage,
        run=_page,
        audit="results.read",
        tag="results",
    ),
    Operation(
        method="GET",
        path="/v1/results/{call_id}",
        id="getResult",
        summary="One result in its last revision",
        scope=Scope.RESULTS_READ,
        answer=ResultItem,
        run=_one,
        errors=(404,),
        audit="result.read",
        tag="results",
    ),
    Operation(
        method="GET",
        path="/v1/erasures",
        id="listErasures",
        summary="People whose data was deleted on their wish: delete your copies",
        scope=Scope.RESULTS_READ,
        query=ErasuresQuery,
        answer=ErasuresPage,
        run=_erasures,
        tag="results",
    ),
)
