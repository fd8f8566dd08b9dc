"""A campaign: which candidates are called about a job, and how far each of them has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field

from hr_sync.records.base import Identifier, JsonObject, Record
from hr_sync.records.results import Disposition


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    """No new calls; those that run end as they would."""
    FINISHED = "finished"
    """Every journey has ended."""


class Campaign(Record):
    """Calls to many about one job."""

    id: Identifier
    name: str = Field(min_length=1, max_length=200)
    job_id: Identifier
    state: CampaignState = CampaignState.DRAFT
    attempts: int = Field(default=3, ge=1, le=20)
    """At most so many calls to one candidate."""
    retry: JsonObject = Field(default_factory=dict)
    """Rules that replace those of the shipped file, by disposition (docs/campaigns.md)."""
    priority: int = Field(default=0, ge=0, le=9)
    """Campaigns with a higher one are dialled first; calls about urgent jobs come before all of them."""
    created_at: AwareDatetime
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None


class JourneyState(StrEnum):
    """Where a candidate's way through a campaign stands."""

    NEW = "new"
    """Nothing has been done yet."""
    WAITING = "waiting"
    """For a permitted time, a retry, the promised time of a call-back."""
    QUEUED = "queued"
    """To be dialled as soon as a line is free."""
    CALLING = "calling"
    ENDED = "ended"


class Journey(Record):
    """One candidate's way through a campaign."""

    campaign_id: Identifier
    candidate_id: Identifier
    state: JourneyState = JourneyState.NEW
    attempts: int = 0
    """Calls opened so far."""
    due_at: AwareDatetime | None = None
    """When the next call is to be made, while it is waiting or queued."""
    disposition: Disposition | None = None
    """Of the last call."""
    outcome: str | None = None
    """How it ended: a disposition, or why there was no (further) call: do_not_call, called_recently, number_refused, …"""
    detail: str | None = None
    """A word on the outcome, without personal data."""
    updated_at: AwareDatetime


class CampaignEventKind(StrEnum):
    """What the HR wing acts on."""

    JOURNEY_ENDED = "journey_ended"
    """A candidate's way through the campaign is over; `detail`: outcome, disposition, attempts."""
    SMS_WANTED = "sms_wanted"
    """The candidate was not reached, and the retry rules want a text message; `detail`: disposition."""
    CALLBACK_PROMISED = "callback_promised"
    """`detail`: at."""


class CampaignEvent(Record):
    """Something that happened in a campaign, for the HR wing's next steps."""

    cursor: int
    """Counts up; a reader that has seen n has seen everything up to n."""
    kind: CampaignEventKind
    campaign_id: Identifier
    candidate_id: Identifier
    job_id: Identifier
    call_id: Identifier | None = None
    at: AwareDatetime
    detail: JsonObject = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JourneyCall:
    """One call of a journey, as far as it has come."""

    call_id: str
    number: int
    """Counts the journey's calls from 1."""
    trunk: str
    opened_at: datetime
    disposition: Disposition | None
    """None while there is no result."""
    ended_at: datetime | None
    callback: dict[str, object] | None
    """What the candidate said about the time of a call-back (slot `callback_time`)."""
    owner: str
    """The process that placed it (hr_sync.owner)."""
    answered: bool


@dataclass(frozen=True, slots=True)
class JourneyFacts:
    """All that a decision about a journey's next step rests on, read at one moment."""

    campaign: Campaign
    journey: Journey
    phone: str
    time_zone: str
    urgent: bool
    blocked: bool
    """The number is on the do-not-call list."""
    engaged: bool
    """The number is in a call at this moment, outside this journey: they call us, or HR calls them."""
    elsewhere_at: datetime | None
    """When the number was last called outside this journey, whoever it belonged to there."""
    concluded: Disposition | None
    """A talk with the candidate about the job that came to an end outside this journey since the campaign started."""
    calls: tuple[JourneyCall, ...]
