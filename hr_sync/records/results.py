"""What a call attempt left behind; its JSON is the contract with other systems."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field, model_validator

from hr_sync.records.base import Identifier, JsonObject, Milliseconds, Record, Score, Share, Yuan


class Disposition(StrEnum):
    """How a call attempt ended."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    CALLBACK = "callback"
    WRONG_PERSON = "wrong_person"
    STOP_CALLING = "stop_calling"
    DECLINED_RECORDING = "declined_recording"
    SILENT = "silent"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    SWITCHED_OFF = "switched_off"
    OUT_OF_SERVICE = "out_of_service"
    INVALID_NUMBER = "invalid_number"
    UNREACHABLE = "unreachable"
    TRUNK_FAILED = "trunk_failed"
    SYSTEM_FAILED = "system_failed"


class Interest(StrEnum):
    """Whether the candidate wants the job."""

    INTERESTED = "interested"
    HESITANT = "hesitant"
    NOT_INTERESTED = "not_interested"
    UNDETERMINED = "undetermined"


class Speaker(StrEnum):
    """Who spoke a turn."""

    CANDIDATE = "candidate"
    SYSTEM = "system"


class Turn(Record):
    """One utterance of the transcript; times count from the answer, in milliseconds of audio."""

    who: Speaker
    text: str
    """For the system: what was really heard, cut where the candidate interrupted."""
    start_ms: Milliseconds
    end_ms: Milliseconds
    confidence: Share | None = None
    """None for the system's own words."""
    interrupted: bool = False
    question: str | None = None
    """The question this turn asks or answers."""

    @model_validator(mode="after")
    def _ordered(self) -> Turn:
        if self.start_ms > self.end_ms:
            raise ValueError("start_ms is greater than end_ms")
        return self


class Evidence(Record):
    """A span of the transcript."""

    text: str
    start_ms: Milliseconds
    end_ms: Milliseconds


class CompetencyScore(Record):
    """A competency's score; None means not enough was said."""

    name: str
    score: Score | None
    confidence: Share
    evidence: tuple[Evidence, ...] = ()


class Doubt(Record):
    """Something the candidate asked or worried about."""

    intent: str
    text: str
    answered: bool


class PayFit(Record):
    """How the expectation sits in the job's range."""

    score: int | None = Field(default=None, ge=0, le=100)
    range: tuple[Yuan, Yuan]
    expected: JsonObject | None = None


class MoodPoint(Record):
    """Mood at one moment; adapts the conversation, never scores."""

    at_ms: Milliseconds
    patience: Share
    hesitation: Share


class Consent(Record):
    """What the candidate agreed to."""

    recording: bool


class CallResult(Record):
    """What a call attempt left behind. Its JSON is the contract with other systems."""

    call_id: Identifier
    attempt: int = Field(ge=1)
    candidate_id: Identifier
    job_id: Identifier
    disposition: Disposition
    sip_code: int | None = None
    hangup_cause: int | None = None
    evidence: str | None = None
    """What decided the disposition: SIP code, announcement text, tone, words."""
    started_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    ended_at: AwareDatetime
    interest: Interest = Interest.UNDETERMINED
    slots: JsonObject = Field(default_factory=dict)
    questions_asked: tuple[str, ...] = ()
    """Ids of the script's questions that were asked, in order."""
    doubts: tuple[Doubt, ...] = ()
    pay_fit: PayFit | None = None
    competencies: tuple[CompetencyScore, ...] = ()
    mood: tuple[MoodPoint, ...] = ()
    transcript: tuple[Turn, ...] = ()
    recording: str | None = None
    consent: Consent = Consent(recording=False)
    metrics: JsonObject = Field(default_factory=dict)
