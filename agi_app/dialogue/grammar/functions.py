"""What grammar tags may call; each function gets `now` first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from agi_app.dialogue.grammar import calendar
from agi_app.dialogue.grammar.expression import RejectedError

_PAY_BOUNDS = {"month": (1_000, 5_000_000), "year": (24_000, 10_000_000), "day": (30, 10_000), "hour": (5, 2_000)}
"""Yuan that somebody may earn in a period; anything else was misheard or is not pay."""


def plausible_pay(_: datetime, pay: dict[str, Any]) -> dict[str, Any]:
    """The pay itself with its period, the month unless another was said, if its bounds can be somebody's and stand in order."""
    bounds = [round(pay[name]) for name in ("min", "max") if name in pay]
    period = pay.get("period") or "month"
    least, most = _PAY_BOUNDS[period]
    if not bounds or bounds != sorted(bounds) or not all(least <= bound <= most for bound in bounds):
        raise RejectedError("nobody earns that")
    rounded = {name: round(value) if name in ("min", "max") else value for name, value in pay.items()}
    return {**rounded, "period": period}


def join(_: datetime, *parts: object) -> str | None:
    """Texts one after another, without what is missing."""
    return "".join(str(part) for part in parts if part is not None) or None


def plausible_month(now: datetime, pay: dict[str, Any]) -> dict[str, Any]:
    """Monthly pay, if it can be somebody's."""
    return plausible_pay(now, {**pay, "period": "month"})


def years_since(now: datetime, year: float) -> float:
    """Years from a year named by its last two digits, or in full, until now."""
    full = int(year) if year >= 1900 else int(year) + (2000 if year <= now.year % 100 else 1900)
    if not 0 <= now.year - full <= 50:
        raise RejectedError("not a year of somebody's working life")
    return now.year - full


def round2(_: datetime, number: float) -> float:
    """Rounded to hundredths."""
    return round(number, 2)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "after_minutes": calendar.after_minutes,
    "as_date": calendar.as_date,
    "day_of_month": calendar.day_of_month,
    "holiday": calendar.holiday,
    "in_days": calendar.in_days,
    "join": join,
    "later": calendar.later,
    "moment": calendar.moment,
    "month_day": calendar.month_day,
    "month_start": calendar.month_start,
    "next_day": calendar.next_day,
    "plausible": plausible_pay,
    "plausible_month": plausible_month,
    "plus_days": calendar.plus_days,
    "round2": round2,
    "moment_now": calendar.moment_now,
    "weekday": calendar.weekday,
    "years_since": years_since,
}
