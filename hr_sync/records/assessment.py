"""What an interview says about a candidate, and what a person decided."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field

from hr_sync.records.base import Identifier, JsonObject, Record, Score, Share
from hr_sync.records.pay import MoneyRange
from hr_sync.records.results import Evidence


class CompetencyAssessment(Record):
    """How one competency was scored, and from what."""

    id: Identifier
    title: str
    score: Score | None
    """None: not enough was said."""
    confidence: Share
    asked: bool
    """Whether a question of the call was meant for it."""
    content: Share = 0.0
    """How much the answer says about the competency."""
    structure: Share = 0.0
    """Situation, task, action, result."""
    specificity: Share = 0.0
    """Figures, names, own part; something told rather than claimed."""
    keywords: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Parts of the story that were not heard: situation, task, action, result."""
    evidence: tuple[Evidence, ...] = ()


class Recommendation(StrEnum):
    """What the system would do next. A person decides."""

    INVITE = "invite"
    FOLLOW_UP = "follow_up"
    """Interested, but something must be cleared first; or hesitant."""
    TALENT_POOL = "talent_pool"
    CALL_AGAIN = "call_again"
    REVIEW = "review"
    """Too little is known: a person should listen."""


class Reason(Record):
    """Why; the wording belongs to whoever shows it."""

    code: Identifier
    values: JsonObject = Field(default_factory=dict)


class Offer(Record):
    """Level and range that would be offered."""

    level: str | None = None
    """Name in the pay structure; None: the structure has no levels."""
    level_range: MoneyRange
    range: MoneyRange
    position: Share | None = None
    """Where in the level's range the score points; None without a score: the whole range."""
    performance_share: Share | None = None
    reasons: tuple[Reason, ...] = ()


class Assessment(Record):
    """The assessment of one call."""

    call_id: Identifier
    candidate_id: Identifier
    job_id: Identifier
    method: str = Field(min_length=1, max_length=120)
    """What made it: version of the program's method and of the language pack."""
    assessed_at: AwareDatetime
    competencies: tuple[CompetencyAssessment, ...] = ()
    overall: Score | None = None
    """The competencies that were scored, by the job's order of importance; None when none was."""
    confidence: Share = 0.0
    offer: Offer
    recommendation: Recommendation
    reasons: tuple[Reason, ...] = ()
    keywords: dict[str, int] = Field(default_factory=dict)
    """Words of the candidate's answers and how often they were said."""


class DecisionKind(StrEnum):
    """What a person decided."""

    ADVANCE = "advance"
    """To the next step."""
    OFFER = "offer"
    HOLD = "hold"
    TALENT_POOL = "talent_pool"
    REJECT = "reject"


class Decision(Record):
    """A person's decision about the candidate of a call; never changed, a later one follows it."""

    id: Identifier
    call_id: Identifier
    decision: DecisionKind
    by: str = Field(min_length=1, max_length=60)
    """Who decided."""
    reason: str = Field(min_length=1, max_length=2000)
    at: AwareDatetime
    recommendation: Recommendation | None = None
    """What the system had recommended then."""
