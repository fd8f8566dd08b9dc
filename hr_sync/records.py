"""The words both wings share: candidates, jobs, pay, facts, calls and their results.

All records are immutable pydantic models that refuse unknown fields. Money is whole yuan, times carry an offset, durations
say their unit in the name. JSON of a `CallResult` is the public contract that other systems rely on.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

Yuan = Annotated[int, Field(ge=0, le=100_000_000)]
Percent = Annotated[float, Field(ge=0, le=100)]
Score = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Identifier = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
PhoneNumber = Annotated[str, Field(pattern=r"^\+[1-9]\d{5,14}$", description="E.164")]


class Record(BaseModel):
    """Base of every record: immutable, strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ---- people ---------------------------------------------------------------------------------------------------------


class Degree(StrEnum):
    """Highest degree, lowest first."""

    JUNIOR_HIGH = "junior_high"
    HIGH_SCHOOL = "high_school"
    VOCATIONAL = "vocational"
    COLLEGE = "college"
    BACHELOR = "bachelor"
    MASTER = "master"
    DOCTOR = "doctor"


class EmploymentStatus(StrEnum):
    """What the candidate does now."""

    EMPLOYED = "employed"
    LEFT = "left"
    STUDENT = "student"


class Employment(Record):
    """One line of a resume."""

    employer: str
    role: str
    industry: str | None = None
    start: date
    end: date | None = None
    """None while it lasts."""
    summary: str = ""


class Candidate(Record):
    """A person who may be called. Protected attributes have no field here on purpose."""

    id: Identifier
    name: str = Field(min_length=1, max_length=60)
    honorific: str | None = None
    """How the person wishes to be addressed, e.g. 张先生; None: the full name."""
    phone: PhoneNumber
    email: str | None = None
    city: str | None = None
    time_zone: str = "Asia/Shanghai"
    language: str = "zh_CN"
    status: EmploymentStatus | None = None
    degree: Degree | None = None
    major: str | None = None
    school: str | None = None
    graduated: date | None = None
    years_experience: float | None = Field(default=None, ge=0, le=60)
    last_pay: Yuan | None = None
    """Monthly, before tax, in the last job."""
    employments: tuple[Employment, ...] = ()
    skills: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source: str | None = None
    """Where the resume came from; spoken when the candidate asks where we got the number."""
    notes: str = ""


class Contact(Record):
    """One earlier contact with a candidate, by whatever channel."""

    id: Identifier
    candidate_id: Identifier
    job_id: Identifier | None = None
    at: AwareDatetime
    channel: str
    """phone, sms, mail, meeting, web."""
    outcome: str
    note: str = ""


# ---- jobs, pay, facts -----------------------------------------------------------------------------------------------


class Sector(StrEnum):
    """Public-sector jobs follow the notice to the letter."""

    PRIVATE = "private"
    PUBLIC = "public"


class Company(Record):
    """Who is calling."""

    id: Identifier
    name: str
    short_name: str
    """As it is said on the phone."""
    city: str
    address: str
    industry: str
    introduction: str
    """One or two spoken sentences."""
    founded: int | None = None
    headcount: int | None = None


class MoneyRange(Record):
    """Yuan from min to max, both included."""

    min: Yuan
    max: Yuan

    @model_validator(mode="after")
    def _ordered(self) -> MoneyRange:
        if self.min > self.max:
            raise ValueError("min is greater than max")
        return self


class PayLevel(Record):
    """A level of the job with its monthly range."""

    name: str
    """junior, mid, senior."""
    range: MoneyRange
    performance_share: Share


class PayStructure(Record):
    """What the pay system says of a job, monthly and before tax."""

    id: Identifier
    base: MoneyRange
    performance: Yuan = 0
    """Full monthly performance pay."""
    performance_cycle: str = "month"
    """month, quarter or year."""
    bonus_months_min: float = 0
    bonus_months_max: float = 0
    allowances: dict[str, Yuan] = {}
    """Name of the allowance to yuan a month, e.g. 餐补: 400."""
    range: MoneyRange
    """All of it together, a month: what may be told to a candidate."""
    levels: tuple[PayLevel, ...] = ()
    salary_months: float = 12
    """Months paid a year without the bonus."""
    pay_day: int | None = Field(default=None, ge=1, le=31)


class OvertimeFacts(Record):
    """How overtime is handled."""

    amount: str = Field(pattern="^(none|rare|sometimes|often)$")
    project_based: bool = False
    peak_seasons: tuple[str, ...] = ()
    """As spoken: 每年六月和十一月."""
    paid: bool = True
    pay_rule: str | None = None
    """As spoken: 按国家规定支付加班费."""
    time_off_in_lieu: bool = False


class InsuranceFacts(Record):
    """Social insurance and housing fund, shares in per cent of the base."""

    base_rule: str
    """As spoken: 岗位薪资的百分之百."""
    base_percent_of_pay: Percent | None = None
    employer_percent: Percent
    employee_percent: Percent
    housing_fund_percent: Percent | None = None
    from_when: str = "入职当月"
    note: str | None = None


class PromotionFacts(Record):
    """How people move up."""

    reviews_a_year: int = Field(ge=0, le=12)
    path: tuple[str, ...] = ()
    note: str | None = None


class TeamFacts(Record):
    """The team one would join."""

    size: int | None = None
    introduction: str
    leader: str | None = None
    mail_material: str | None = None
    """File or link of the introduction mailed on request."""


class PlaceFacts(Record):
    """Where the work is."""

    city: str
    address: str
    transport: str | None = None
    remote: bool = False
    travel: str | None = None


class HoursFacts(Record):
    """Working hours as they are told."""

    start: str = Field(pattern=r"^\d{2}:\d{2}$")
    end: str = Field(pattern=r"^\d{2}:\d{2}$")
    days_a_week: float = 5
    weekend: str = "周末双休"
    shifts: str | None = None
    lunch_break_minutes: int | None = None


class ProbationFacts(Record):
    """The probation period."""

    months: int = Field(ge=0, le=6)
    pay_percent: Percent
    note: str | None = None


class ProcessFacts(Record):
    """What happens after this call."""

    steps: tuple[str, ...]
    """In order: 电话沟通, 现场面试, 录用."""
    days_to_answer: int | None = None
    note: str | None = None
    written_test_place: str | None = None


class JobFacts(Record):
    """Everything that may be told about a job. A missing part is never invented: HR answers later."""

    duties: tuple[str, ...] = ()
    benefits: tuple[str, ...] = ()
    overtime: OvertimeFacts | None = None
    insurance: InsuranceFacts | None = None
    promotion: PromotionFacts | None = None
    team: TeamFacts | None = None
    place: PlaceFacts | None = None
    hours: HoursFacts | None = None
    probation: ProbationFacts | None = None
    process: ProcessFacts | None = None
    highlights: tuple[str, ...] = ()
    """Short spoken advantages, strongest first."""


class AgeRule(Record):
    """An age limit; counts only for public-sector jobs whose notice sets one."""

    max_age: int = Field(ge=16, le=70)
    notice: str
    """The notice that sets it."""


class Requirements(Record):
    """Structured hard and soft requirements of a job."""

    degree_at_least: Degree | None = None
    majors: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    years_at_least: float = 0
    field: str | None = None
    """The field the years must be in."""
    skills_all: tuple[str, ...] = ()
    skills_any: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    status: tuple[EmploymentStatus, ...] = ()
    age: AgeRule | None = None


class Recruiter(Record):
    """Who a call is handed to."""

    name: str
    email: str
    extension: str | None = None


class Job(Record):
    """A position candidates are called about."""

    id: Identifier
    title: str
    """As it is said on the phone."""
    company: Company
    sector: Sector = Sector.PRIVATE
    department: str | None = None
    headcount: int = Field(default=1, ge=1)
    urgent: bool = False
    open: bool = True
    script: str = "standard"
    """Name of the interview script in the language pack."""
    requirements: Requirements = Requirements()
    competencies: tuple[str, ...] = ()
    """Ids of the language pack's competencies, most important first."""
    pay: PayStructure
    facts: JobFacts = JobFacts()
    pitch: str
    """One or two spoken sentences on why the job is worth a talk."""
    recruiter: Recruiter

    @model_validator(mode="after")
    def _age_only_in_public_sector(self) -> Job:
        if self.requirements.age is not None and self.sector is not Sector.PUBLIC:
            raise ValueError("an age rule is allowed for public-sector jobs only")
        return self


class CallBrief(Record):
    """All the phone wing needs to know before it dials: who, about what, and what happened before."""

    candidate: Candidate
    job: Job
    contacts: tuple[Contact, ...] = ()


# ---- calls and results ----------------------------------------------------------------------------------------------


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
    start_ms: int
    end_ms: int
    confidence: Share | None = None
    """None for the system's own words."""
    interrupted: bool = False
    question: str | None = None
    """The question this turn asks or answers."""


class Evidence(Record):
    """A span of the transcript."""

    text: str
    start_ms: int
    end_ms: int


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
    expected: dict[str, Any] | None = None


class MoodPoint(Record):
    """Mood at one moment; adapts the conversation, never scores."""

    at_ms: int
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
    slots: dict[str, Any] = {}
    questions_asked: tuple[str, ...] = ()
    """Ids of the script's questions that were asked, in order."""
    doubts: tuple[Doubt, ...] = ()
    pay_fit: PayFit | None = None
    competencies: tuple[CompetencyScore, ...] = ()
    mood: tuple[MoodPoint, ...] = ()
    transcript: tuple[Turn, ...] = ()
    recording: str | None = None
    consent: Consent = Consent(recording=False)
    metrics: dict[str, Any] = {}


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
    attempt: int = Field(ge=1)
    candidate_id: Identifier
    job_id: Identifier
    state: CallState = CallState.PLANNED
    started_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    owner: str
    """The app process that drives it (host:pid:boot), so that a successor can tell what was left behind."""
