"""What a campaign needs of whoever places its calls: the phone wing, or something quicker in tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from hr_sync.owner import this_process
from hr_sync.records import CallAttempt, CallResult

Opening = Callable[[CallAttempt], Awaitable[CallAttempt]]
"""Writes the attempt down, or raises because it may not be dialled. May wait for the trunk's pace."""


@dataclass(frozen=True, slots=True)
class CampaignCall:
    """One call to place."""

    call_id: str
    """Given, so that the call and its channels are found again after a crash."""
    candidate_id: str
    job_id: str
    number: str
    """E.164."""
    endpoint: str
    """Asterisk dial string, as `endpoint` gave it."""
    caller_id: str | None


class Caller(Protocol):
    """Places calls and writes their results."""

    async def endpoint(self, number: str) -> str:
        """The Asterisk dial string for a number. Raises RouteError when there is no route, AmiError when nobody can be asked."""

    async def campaign_call(self, call: CampaignCall, opening: Opening) -> CallResult:
        """Place a call. `opening` is the last thing before it is dialled, and nothing is dialled when it raises.

        The result is in the store when this returns or raises after `opening`, also when it is cancelled.
        """


def new_attempt(call: CampaignCall) -> CallAttempt:
    """The attempt to open for a call."""
    return CallAttempt(
        call_id=call.call_id,
        candidate_id=call.candidate_id,
        job_id=call.job_id,
        started_at=datetime.now(UTC).astimezone(),
        owner=this_process(),
    )


def trunk_of(endpoint: str) -> str:
    """The trunk a dial string such as PJSIP/13800000001@carrier goes through; for a string without one, the endpoint itself."""
    resource, _, trunk = endpoint.partition("@")
    return (trunk or resource).partition("/")[0] if trunk else resource.rpartition("/")[2]
