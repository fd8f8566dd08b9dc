"""People who may be called, and numbers that may not."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, Field

from hr_sync.records.base import Identifier, PhoneNumber, Record, Yuan


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
    wishes: tuple[str, ...] = ()
    """What the resume asks for, in its words: 期望薪资 12000-15000, 一个月内到岗, 希望双休."""
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


class DoNotCallReason(StrEnum):
    """Why a number is never dialled."""

    CANDIDATE_ASKED = "candidate_asked"
    HR_DECIDED = "hr_decided"
    REGULATION = "regulation"


class DoNotCallEntry(Record):
    """A number that is never dialled, whoever it belongs to."""

    number: PhoneNumber
    reason: DoNotCallReason
    at: AwareDatetime
    call_id: Identifier | None = None
    """The call in which it was asked for."""
    note: str = ""
