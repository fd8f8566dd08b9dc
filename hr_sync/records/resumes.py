"""What was read from a resume, field by field, for a person to confirm."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field

from hr_sync.records.base import Identifier, Json, Record, Share


class ResumeField(Record):
    """One field: its value, where in the text it was read, and how sure that is."""

    name: str
    """As in `Candidate`."""
    value: Json
    text: str
    """The span it was read from, without what may not be kept."""
    line: int = Field(ge=1)
    """Of the resume's text."""
    confidence: Share


class Proposal(Record):
    """All fields found in one resume; a name stands at most once."""

    fields: tuple[ResumeField, ...] = ()

    def field(self, name: str) -> ResumeField | None:
        """One field; None when it was not found."""
        return next((field for field in self.fields if field.name == name), None)


class ResumeState(StrEnum):
    """Where a resume stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Resume(Record):
    """A resume that was read."""

    id: Identifier
    file: str
    """Name without the folder."""
    sha256: str
    read_at: AwareDatetime
    state: ResumeState = ResumeState.PROPOSED
    proposal: Proposal
    candidate_id: Identifier | None = None
    """Whom it became when it was confirmed."""
    decided_by: str | None = None
    decided_at: AwareDatetime | None = None
