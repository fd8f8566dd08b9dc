"""What kind of day it is in China: public holidays, and the Saturdays and Sundays that are worked in exchange for them.

The government publishes each year's arrangement in November of the year before; `chinesecalendar` carries it. For years it does
not know yet, every day that has been part of a holiday under the rules in force (State Council regulation on public holidays, as
of 2025: New Year, Spring Festival, Qingming, Labour Day, Dragon Boat, Mid-Autumn, National Day) or may become a bridge to one is
taken for a holiday, and no weekend for a workday: nobody is called on a day off by mistake.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

import chinese_calendar
import structlog

log = structlog.get_logger(__name__)


class DayKind(StrEnum):
    """What people do on a day."""

    WORKDAY = "workday"
    """Monday to Friday, no holiday."""
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP_WORKDAY = "make_up_workday"
    """A Saturday or Sunday that is worked in exchange for a holiday."""


def day_kind(day: date) -> DayKind:
    """The kind of a day in China; in years that are not announced yet the conservative reading, which is logged once a year."""
    try:
        off, festival = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        _warn(day.year)
        return _cautious(day)
    if off:
        return DayKind.HOLIDAY if festival else DayKind.WEEKEND
    return DayKind.WORKDAY if day.weekday() < 5 else DayKind.MAKE_UP_WORKDAY


def announced(year: int) -> bool:
    """Whether the year's holidays are known; otherwise `day_kind` reads them cautiously."""
    try:
        chinese_calendar.is_holiday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=16)
def _warn(year: int) -> None:
    log.warning(
        "holidays_unknown",
        year=year,
        reading="every day that may be a holiday counts as one, no weekend as a workday",
        remedy="when the government has announced the year: pip install --upgrade chinesecalendar",
    )


def _cautious(day: date) -> DayKind:
    if any(first <= day <= last for first, last in _possible(day.year)):
        return DayKind.HOLIDAY
    return DayKind.WORKDAY if day.weekday() < 5 else DayKind.WEEKEND


@lru_cache(maxsize=16)
def _possible(year: int) -> tuple[tuple[date, date], ...]:
    """Spans that may be holidays, first and last day.

    One-day festivals are joined with a weekend of up to three days; Spring Festival has begun on the eve or the day before it and
    lasted nine days, National Day has been joined with Mid-Autumn when they are near.
    """
    from lunar_python import Lunar, Solar  # takes a while, and is needed for years alone that are not announced

    def around(festival: date, before: int, after: int) -> tuple[date, date]:
        return festival - timedelta(before), festival + timedelta(after)

    def lunar(month: int, day: int) -> date:
        solar = Lunar.fromYmd(year, month, day).getSolar()
        return date(solar.getYear(), solar.getMonth(), solar.getDay())

    qingming = Solar.fromYmd(year, 4, 1).getLunar().getJieQiTable()["清明"]
    return (
        around(date(year, 1, 1), 0, 2),
        around(date(year, 12, 31), 2, 0),
        around(lunar(1, 1), 2, 8),
        around(date(qingming.getYear(), qingming.getMonth(), qingming.getDay()), 2, 2),
        (date(year, 5, 1), date(year, 5, 5)),
        around(lunar(5, 5), 2, 2),
        around(lunar(8, 15), 2, 2),
        (date(year, 10, 1), date(year, 10, 8)),
    )
