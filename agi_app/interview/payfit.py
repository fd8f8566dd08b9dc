"""How a candidate's expectation sits in the job's pay range."""

from __future__ import annotations

from typing import Any

from hr_sync.records import MoneyRange, PayFit

HOURS_A_DAY = 8.0
WORKING_DAYS_A_MONTH = 21.75
"""Average paid days a month, 261 / 12, by the notice of the Ministry of Human Resources and Social Security, 2008 no. 3."""
NET_TO_GROSS = 1.2
"""A rough factor from pay after tax and contributions to pay before; only used to compare, never told to anyone."""

_BOTTOM, _TOP_LOSS = 100.0, 22.5
_FLOOR_AT = 1.5
"""An expectation this many times the top of the range, or more, scores 0."""


def monthly(expected: dict[str, Any], salary_months: float = 12) -> int | None:
    """The expectation as yuan a month before tax: the middle of its bounds, or the one bound given. None without a figure."""
    bounds = [value for value in (expected.get("min"), expected.get("max")) if isinstance(value, int | float)]
    if not bounds:
        return None
    amount = sum(bounds) / len(bounds)
    period = expected.get("period", "month")
    if period == "year":
        amount /= salary_months
    elif period == "day":
        amount *= WORKING_DAYS_A_MONTH
    elif period == "hour":
        amount *= HOURS_A_DAY * WORKING_DAYS_A_MONTH
    if expected.get("net"):
        amount *= NET_TO_GROSS
    return round(amount)


def pay_fit(expected: dict[str, Any] | None, pay_range: MoneyRange, salary_months: float = 12) -> PayFit:
    """Score the fit, 0-100.

    At or below the bottom of the range: 100. Inside, linear down to 77.5 at the top, so that 12,000 in 10,000-13,000 gives 85.
    Above, linear from there to 0 at one and a half times the top. No figure: no score.
    """
    bounds = (pay_range.min, pay_range.max)
    amount = monthly(expected, salary_months) if expected else None
    if amount is None:
        return PayFit(score=None, range=bounds, expected=expected)
    if amount <= pay_range.min:
        score = _BOTTOM
    elif amount <= pay_range.max:
        score = _BOTTOM - _TOP_LOSS * (amount - pay_range.min) / (pay_range.max - pay_range.min)
    else:
        over = (amount - pay_range.max) / (pay_range.max * (_FLOOR_AT - 1))
        score = max(0.0, (_BOTTOM - _TOP_LOSS) * (1 - over))
    return PayFit(score=round(score), range=bounds, expected=expected)
