"""Results, pulled by cursor."""

from __future__ import annotations

from hr_sync.api.bodies import ResultItem, ResultsPage, ResultsQuery
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
)
