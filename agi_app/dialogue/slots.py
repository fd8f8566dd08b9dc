"""Values a call learns: what the resume knows of them already, and how they are said back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from agi_app.dialogue import spoken
from agi_app.dialogue.facts import Terms
from hr_sync.records import Candidate, Job

SlotValue = Mapping[str, Any] | str
"""A value in the shape of the public contract."""

PLAUSIBLE_PAY = {"month": (1500, 150_000), "year": (20_000, 2_000_000), "day": (80, 8000), "hour": (10, 1000)}
"""Yuan a period; outside of this somebody was probably misheard."""
PLAUSIBLE_START_DAYS = 500
PLAUSIBLE_YEARS = 45
HOURS_A_DAY = 8.0
WORKING_DAYS_A_MONTH = 21.75
"""Average paid days a month, 261 / 12, by the notice of the Ministry of Human Resources and Social Security, 2008 no. 3."""
_PERIODS = {"month": "每月", "year": "年薪", "day": "每天", "hour": "每小时"}


def known_value(slot: str, candidate: Candidate) -> dict[str, Any] | str | None:
    """What the resume already tells, in the slot's shape."""
    match slot:
        case "years_experience" if candidate.years_experience:
            return {"years": candidate.years_experience}
        case "degree" if candidate.degree is not None:
            return str(candidate.degree)
        case "major" | "city":
            return getattr(candidate, slot) or None
        case "certificate" if candidate.certificates:
            return candidate.certificates[0]
        case "employment" if candidate.status is not None:
            return {"status": str(candidate.status)}
        case "last_role" | "employer" if candidate.employments:
            last = max(candidate.employments, key=lambda item: item.end or date.max)
            return last.role if slot == "last_role" else last.employer
    return None


def spoken_value(slot: str, value: SlotValue, now: datetime, terms: Terms) -> str:
    """A slot's value as it is said back: {"min": 12000, "max": 12000, "period": "month"} is 每月一万二."""
    if isinstance(value, str):
        return terms.get(slot, {}).get(value, value)
    match slot:
        case "expected_pay":
            return _pay(value)
        case "start_date":
            named = "date" in value
            return spoken.day(date.fromisoformat(value["date"]), now.date()) if named else spoken.after_days(value["in_days"])
        case "interview_time" | "callback_time":
            return _time(value, now)
        case "years_experience":
            return spoken.years(value["years"]) if value["years"] else terms["years_experience"]["none"]
        case "employment":
            return terms.get("employment", {}).get(value["status"], value["status"])
    raise ValueError(f"no way to say the value of {slot}")


def _pay(value: Mapping[str, Any]) -> str:
    low, high = value.get("min"), value.get("max")
    amount = spoken.yuan_range(low, high) if low is not None and high is not None else None
    if amount is None:
        amount = f"{spoken.yuan(low)}以上" if low is not None else f"{spoken.yuan(high or 0)}以内"
    return ("税后" if value.get("net") else "") + _PERIODS[value.get("period", "month")] + amount


def _time(value: Mapping[str, Any], now: datetime) -> str:
    if "at" in value:
        return spoken.moment(_at(value, now), now)
    text = spoken.day(date.fromisoformat(value["date"]), now.date()) if "date" in value else ""
    return text + spoken.PARTS.get(value.get("part", ""), "")


def _at(value: Mapping[str, Any], now: datetime) -> datetime:
    at = datetime.fromisoformat(value["at"])
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)


def is_past(value: Mapping[str, Any], now: datetime) -> bool:
    """Whether a time lies behind us, so that nobody is promised a call yesterday."""
    if "at" in value:
        return _at(value, now) < now
    return "date" in value and date.fromisoformat(value["date"]) < now.date()


def plausible(slot: str, value: SlotValue, now: datetime) -> bool:
    """Whether a value is likely enough to be stored without asking back."""
    if isinstance(value, str):
        return True
    match slot:
        case "expected_pay":
            low, high = PLAUSIBLE_PAY[value.get("period", "month")]
            return all(low <= value[bound] <= high for bound in ("min", "max") if bound in value)
        case "start_date":
            days = (date.fromisoformat(value["date"]) - now.date()).days if "date" in value else value["in_days"]
            return bool(0 <= days <= PLAUSIBLE_START_DAYS)
        case "years_experience":
            return bool(0 <= value["years"] <= PLAUSIBLE_YEARS)
    return True


def monthly_bounds(value: Mapping[str, Any], salary_months: float = 12) -> list[float]:
    """The bounds of a pay that were named, as yuan a month."""
    months = {"year": 1 / salary_months, "day": WORKING_DAYS_A_MONTH, "hour": HOURS_A_DAY * WORKING_DAYS_A_MONTH}
    factor = months.get(value.get("period", "month"), 1.0)
    return [factor * value[bound] for bound in ("min", "max") if bound in value]


def key_value(value: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """A key's value with the job's pay filled in for `{pay.min}` and `{pay.max}`."""
    amounts = {"{pay.min}": job.pay.range.min, "{pay.max}": job.pay.range.max}
    return {str(name): amounts.get(item, item) if isinstance(item, str) else item for name, item in value.items()}
