"""What the pay system says of a job."""

from __future__ import annotations

from pydantic import Field, model_validator

from hr_sync.records.base import Identifier, Record, Share, Yuan


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
    allowances: dict[str, Yuan] = Field(default_factory=dict)
    """Name of the allowance to yuan a month, e.g. 餐补: 400."""
    range: MoneyRange
    """All of it together, a month: what may be told to a candidate."""
    levels: tuple[PayLevel, ...] = ()
    salary_months: float = 12
    """Months paid a year without the bonus."""
    pay_day: int | None = Field(default=None, ge=1, le=31)
