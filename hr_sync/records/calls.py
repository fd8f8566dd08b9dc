"""A call attempt on its way: before it is dialled, while it is talked, what it learns."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field, model_validator

from hr_sync.records.base import Identifier, Json, Record
from hr_sync.records.jobs import Job
from hr_sync.records.people import Candidate, Contact
from hr_sync.records.results import Interest


class CallBrief(Record):
    """All the phone wing needs to know before it dials: who, about what, and what happened before."""

    candidate: Candidate
    job: Job
    contacts: tuple[Contact, ...] = ()


class CallState(StrEnum):
    """Where a call attempt stands; ENDED is final."""

    PLANNED = "planned"
    DIALLING = "dialling"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class CallAttempt(Record):
    """An attempt as it is written before anything is dialled, and followed to its end."""

    call_id: Identifier
    attempt: int = Field(default=1, ge=1)
    """Counts the attempts for this candidate and job. The store decides it when the attempt is opened, whatever stands here."""
    candidate_id: Identifier
    job_id: Identifier
    state: CallState = CallState.PLANNED
    started_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    owner: str = Field(min_length=1, max_length=200)
    """The app process that drives it (hr_sync.owner), so that a successor can tell what was left behind."""


class LearnedKind(StrEnum):
    """What sort of thing a call has just learned, and so how `key` and `value` are read."""

    SLOT = "slot"
    """key: the slot; value: as in `CallResult.slots`. A later value replaces the earlier one."""
    DOUBT = "doubt"
    """key: the intent; value: whether it was answered (bool)."""
    INTEREST = "interest"
    """key: `interest`; value: an `Interest`."""
    CONSENT = "consent"
    """key: `recording`; value: bool."""
    DO_NOT_CALL = "do_not_call"
    """The number is blocked in the same transaction, unless value is false."""
    REQUEST = "request"
    """key: what the candidate wants (material, human, callback); value: details."""
    QUESTION = "question"
    """key: id of a question that was asked; value: not read."""


class LearnedItem(Record):
    """Something a call has learned, written when it is learned."""

    kind: LearnedKind
    key: Identifier
    value: Json = None
    text: str = ""
    """The candidate's words it rests on."""
    at: AwareDatetime

    @model_validator(mode="after")
    def _value_fits_kind(self) -> LearnedItem:
        if self.kind in {LearnedKind.DOUBT, LearnedKind.CONSENT} and not isinstance(self.value, bool):
            raise ValueError(f"the value of a {self.kind} is true or false")
        key = {LearnedKind.INTEREST: "interest", LearnedKind.CONSENT: "recording"}.get(self.kind, self.key)
        if self.key != key:
            raise ValueError(f"the key of {self.kind} is {key}")
        if self.kind is LearnedKind.INTEREST and self.value not in list(Interest):
            raise ValueError(f"the value of an interest is one of {', '.join(Interest)}")
        return self
