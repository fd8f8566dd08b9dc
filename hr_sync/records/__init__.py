"""The words both wings share: candidates, jobs, pay, facts, calls and their results.

All records are immutable pydantic models that refuse unknown fields. Money is whole yuan, times carry an offset, durations
say their unit in the name. JSON of a `CallResult` is the public contract that other systems rely on: reading what was written
gives an equal record, and writing that gives the same bytes.
"""

from hr_sync.records.base import Identifier, Json, JsonObject, Milliseconds, Percent, PhoneNumber, Record, Score, Share, Yuan
from hr_sync.records.calls import CallAttempt, CallBrief, CallState, LearnedItem, LearnedKind
from hr_sync.records.facts import (
    HoursFacts,
    InsuranceFacts,
    JobFacts,
    OvertimeFacts,
    PlaceFacts,
    ProbationFacts,
    ProcessDate,
    ProcessFacts,
    PromotionFacts,
    TeamFacts,
)
from hr_sync.records.jobs import AgeRule, Company, Job, Notice, Recruiter, Requirements, Sector
from hr_sync.records.pay import MoneyRange, PayLevel, PayStructure
from hr_sync.records.people import Candidate, Contact, Degree, DoNotCallEntry, DoNotCallReason, Employment, EmploymentStatus
from hr_sync.records.results import (
    CallResult,
    CompetencyScore,
    Consent,
    Disposition,
    Doubt,
    Evidence,
    Interest,
    MoodPoint,
    PayFit,
    Speaker,
    Turn,
)
from hr_sync.records.screening import ScreenedCandidate, Screening, ScreeningOutcome, ScreeningReason, ScreeningRule

__all__ = [
    "AgeRule",
    "CallAttempt",
    "CallBrief",
    "CallResult",
    "CallState",
    "Candidate",
    "Company",
    "CompetencyScore",
    "Consent",
    "Contact",
    "Degree",
    "Disposition",
    "DoNotCallEntry",
    "DoNotCallReason",
    "Doubt",
    "Employment",
    "EmploymentStatus",
    "Evidence",
    "HoursFacts",
    "Identifier",
    "InsuranceFacts",
    "Interest",
    "Job",
    "JobFacts",
    "Json",
    "JsonObject",
    "LearnedItem",
    "LearnedKind",
    "Milliseconds",
    "MoneyRange",
    "MoodPoint",
    "Notice",
    "OvertimeFacts",
    "PayFit",
    "PayLevel",
    "PayStructure",
    "Percent",
    "PhoneNumber",
    "PlaceFacts",
    "ProbationFacts",
    "ProcessDate",
    "ProcessFacts",
    "PromotionFacts",
    "Record",
    "Recruiter",
    "Requirements",
    "Score",
    "ScreenedCandidate",
    "Screening",
    "ScreeningOutcome",
    "ScreeningReason",
    "ScreeningRule",
    "Sector",
    "Share",
    "Speaker",
    "TeamFacts",
    "Turn",
    "Yuan",
]
