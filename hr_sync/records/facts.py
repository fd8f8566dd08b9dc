"""What may be told about a job. A missing part is never invented: HR answers later."""

from __future__ import annotations

from datetime import date

from pydantic import Field, model_validator

from hr_sync.records.base import Percent, Record


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


class ProcessDate(Record):
    """When, and where, a step of the process takes place."""

    step: str
    """One of the steps."""
    start: date
    end: date | None = None
    """None: one day."""
    place: str | None = None
    note: str | None = None
    """As spoken: 考前三天短信通知考场."""


class ProcessFacts(Record):
    """What happens after this call."""

    steps: tuple[str, ...]
    """In order: 电话沟通, 现场面试, 录用."""
    schedule: tuple[ProcessDate, ...] = ()
    """Dates that are fixed, in order; public-sector notices set them."""
    days_to_answer: int | None = None
    note: str | None = None
    written_test_place: str | None = None

    @model_validator(mode="after")
    def _schedule_names_steps(self) -> ProcessFacts:
        strangers = [item.step for item in self.schedule if item.step not in self.steps]
        if strangers:
            raise ValueError(f"the schedule names steps that are not in steps: {', '.join(strangers)}")
        return self


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
