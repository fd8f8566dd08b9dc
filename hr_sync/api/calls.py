"""Call attempts, also those under way."""

from __future__ import annotations

from hr_sync.api.bodies import CallsPage, CallsQuery, Transcript
from hr_sync.api.operation import Ask, Operation, Resources
from hr_sync.api.scopes import Scope
from hr_sync.records import CallAttempt


def _page(resources: Resources, ask: Ask) -> CallsPage:
    if ask.query.candidate_id is not None:
        return CallsPage(calls=resources.store.attempts(ask.query.candidate_id), next=None)
    found = resources.store.calls(after=ask.query.after, limit=ask.query.limit)
    return CallsPage(calls=found, next=found[-1].call_id if len(found) == ask.query.limit else None)


def _one(resources: Resources, ask: Ask) -> CallAttempt:
    return resources.store.attempt(ask.id)


def _turns(resources: Resources, ask: Ask) -> Transcript:
    return Transcript(call_id=ask.id, turns=resources.store.turns(ask.id))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/calls",
        id="listCalls",
        summary="Call attempts in the order of ids, which begin with the day",
        scope=Scope.CALLS_READ,
        query=CallsQuery,
        answer=CallsPage,
        run=_page,
        tag="calls",
    ),
    Operation(
        method="GET",
        path="/v1/calls/{call_id}",
        id="getCall",
        summary="One call attempt and where it stands",
        scope=Scope.CALLS_READ,
        answer=CallAttempt,
        run=_one,
        errors=(404,),
        tag="calls",
    ),
    Operation(
        method="GET",
        path="/v1/calls/{call_id}/transcript",
        id="getTranscript",
        summary="What was said so far, also while the call lasts",
        scope=Scope.RESULTS_READ,
        answer=Transcript,
        run=_turns,
        errors=(404,),
        audit="transcript.read",
        tag="calls",
    ),
)
