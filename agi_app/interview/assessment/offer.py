"""Level and offer range from the pay structure: years of work say the level, the score says where in its range."""

from __future__ import annotations

from hr_sync.records import CallBrief, CallResult, MoneyRange, PayLevel
from hr_sync.records.assessment import Offer, Reason

YEARS_A_LEVEL = (2.0, 5.0)
"""Years of relevant work from which the second and the third level begin."""
_BOTTOM, _TOP = 40.0, 90.0
"""Scores that point to the bottom and the top of a level's range."""
_BAND = 0.2
"""Width of the offer, as a share of the level's range."""
_WEAK, _SURE = 35.0, 0.5
"""A surely weak score lowers the level by one."""
_ROUND = 100


def offer_for(result: CallResult, brief: CallBrief, overall: float | None, confidence: float) -> Offer:
    """Place a candidate in the job's pay structure.

    Args:
        result: what was said; the years told in the call come before those of the resume.
        brief: candidate and job.
        overall: score 0-100, or None.
        confidence: of that score, 0-1.
    """
    pay = brief.job.pay
    years = years_of(result, brief)
    level, reasons = _level(pay.levels, years, overall, confidence)
    bounds = level.range if level else pay.range
    position = None if overall is None else round(min(1.0, max(0.0, (overall - _BOTTOM) / (_TOP - _BOTTOM))), 3)
    if position is None:
        offered = bounds
        reasons.append(Reason(code="no_score"))
    else:
        offered = _around(bounds, position)
        reasons.append(Reason(code="position", values={"score": overall, "position": position}))
    return Offer(
        level=level.name if level else None,
        level_range=bounds,
        range=offered,
        position=position,
        performance_share=level.performance_share if level else None,
        reasons=tuple(reasons),
    )


def years_of(result: CallResult, brief: CallBrief) -> float | None:
    """Years of work: as told in the call, else as the resume says."""
    told = result.slots.get("years_experience")
    if isinstance(told, dict) and isinstance(told.get("years"), int | float):
        return float(told["years"])
    return brief.candidate.years_experience


def _level(
    levels: tuple[PayLevel, ...], years: float | None, overall: float | None, confidence: float
) -> tuple[PayLevel | None, list[Reason]]:
    if not levels:
        return None, [Reason(code="no_levels")]
    if years is None:
        return levels[0], [Reason(code="years_unknown", values={"level": levels[0].name})]
    place = min(sum(years >= limit for limit in YEARS_A_LEVEL), len(levels) - 1)
    reasons = [Reason(code="level_by_years", values={"years": years, "level": levels[place].name})]
    if place and overall is not None and overall < _WEAK and confidence >= _SURE:
        place -= 1
        reasons.append(Reason(code="level_lowered", values={"score": overall, "level": levels[place].name}))
    return levels[place], reasons


def _around(bounds: MoneyRange, position: float) -> MoneyRange:
    """A band inside the range, at its position; in hundreds of yuan."""
    width = bounds.max - bounds.min
    low = bounds.min + position * (1 - _BAND) * width
    return MoneyRange(min=_rounded(low, bounds), max=_rounded(low + _BAND * width, bounds))


def _rounded(amount: float, bounds: MoneyRange) -> int:
    return min(bounds.max, max(bounds.min, _ROUND * round(amount / _ROUND)))
