"""Jobs, who offers them and what they ask for."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field, model_validator

from hr_sync.records.base import Identifier, Record
from hr_sync.records.facts import JobFacts
from hr_sync.records.pay import PayStructure
from hr_sync.records.people import Degree, EmploymentStatus


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


class AgeRule(Record):
    """An age limit; counts only for public-sector jobs whose notice sets one."""

    max_age: int = Field(ge=16, le=70)
    notice: str
    """The notice that sets it."""
    as_of: date | None = None
    """The day the notice counts ages on; None: the first day of registration, or else the day the notice was published."""


class Notice(Record):
    """The public announcement of a recruitment; public-sector calls keep to its words."""

    title: str
    number: str | None = None
    """As printed, e.g. 云川人社发〔2026〕18号."""
    published: date
    registration_start: date | None = None
    registration_end: date | None = None
    link: str | None = None


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
    notice: Notice | None = None
    """The announcement the recruitment rests on; None where there is none."""
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
