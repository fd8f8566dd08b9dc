"""Who of the candidates meets a job's requirements, and why the others do not."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, Field

from hr_sync.records.base import Identifier, Record, Score
from hr_sync.records.jobs import Requirements, Sector


class ScreeningOutcome(StrEnum):
    """How a candidate stands to a job's requirements."""

    MATCHED = "matched"
    """Every rule is met."""
    UNCLEAR = "unclear"
    """No rule is broken, but something a rule asks for is not known of the candidate."""
    NOT_MATCHED = "not_matched"
    """At least one rule is not met."""


class ScreeningRule(StrEnum):
    """What a rule looks at, in the order in which reasons are listed."""

    DEGREE = "degree"
    MAJOR = "major"
    CERTIFICATE = "certificate"
    YEARS = "years"
    SKILLS_ALL = "skills_all"
    SKILLS_ANY = "skills_any"
    CITY = "city"
    STATUS = "status"
    AGE = "age"


class ScreeningReason(Record):
    """What one rule found, in words."""

    rule: ScreeningRule
    met: bool | None
    """None: not known of the candidate."""
    zh: str
    en: str


class ScreenedCandidate(Record):
    """One candidate's place in a screening."""

    candidate_id: Identifier
    place: int = Field(ge=1)
    """Among those of the same outcome, from 1; a gap is left where somebody's data was erased."""
    outcome: ScreeningOutcome
    score: Score | None
    """How well the rules are met; None unless all are. 100 for everyone in public-sector jobs, where a rule is met or not."""
    reasons: tuple[ScreeningReason, ...]


class Screening(Record):
    """A screening of all candidates for one job, kept as it was made: later changes of the data do not alter it."""

    id: Identifier
    job_id: Identifier
    at: AwareDatetime
    as_of: date
    """The day that years and ages count to. The same data and the same day give the same result."""
    sector: Sector
    requirements: Requirements
    considered: int = Field(ge=0)
    unclear: int = Field(ge=0)
    not_matched: int = Field(ge=0)
    matched: tuple[ScreenedCandidate, ...]
    """Best first; equal scores in the order of ids. Those not matched are read with `Store.screened`."""

    @property
    def candidate_ids(self) -> tuple[str, ...]:
        """Who may be called, best first."""
        return tuple(item.candidate_id for item in self.matched)
