"""Dates and times for grammar tags: everything is counted from `now`, which the caller passes.

Dates are ISO strings, moments ISO with the offset of `now`. Movable feasts come from the lunar calendar (lunar_python).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from lunar_python import Lunar, Solar

from agi_app.dialogue.grammar.expression import RejectedError


def _add_months(day: date, months: int) -> date:
    """The first of the month `months` later."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _last(first: date) -> date:
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def in_days(_: datetime, days: float) -> dict[str, int]:
    """A number of days from now, as the candidate said it; half a day counts as a whole one."""
    return {"in_days": int(days + 0.5)}


def plus_days(now: datetime, days: float) -> str:
    """The date so many days from today."""
    return (now.date() + timedelta(days=int(days))).isoformat()


def weekday(now: datetime, weeks: float | None, day: float) -> str:
    """Day 1 (Monday) to 7 of the week `weeks` after this one; without `weeks` the next such day, today included."""
    monday = now.date() - timedelta(days=now.weekday())
    found = monday + timedelta(days=int(day) - 1, weeks=int(weeks or 0))
    if weeks is None and found < now.date():
        found += timedelta(weeks=1)
    return found.isoformat()


def month_day(now: datetime, month: float, day: float, years: float | None = None) -> str:
    """A day of a named month: the next one to come, or that of the year `years` after this one."""
    year = now.year + int(years or 0)
    try:
        found = date(year, int(month), int(day))
    except ValueError as error:
        raise RejectedError(f"no such day: {month}-{day}") from error
    if years is None and found < now.date():
        found = found.replace(year=year + 1)
    return found.isoformat()


def next_day(now: datetime, day: float) -> str:
    """The next time that day of the month comes, today included."""
    first = now.date().replace(day=1)
    for months in range(4):
        month = _add_months(first, months)
        if int(day) <= calendar.monthrange(month.year, month.month)[1]:
            found = month.replace(day=int(day))
            if found >= now.date():
                return found.isoformat()
    raise RejectedError(f"no such day of a month: {day}")


def day_of_month(now: datetime, months: float, day: float) -> str:
    """A day of the month `months` after this one; day 0 is the last."""
    first = _add_months(now.date(), int(months))
    if day == 0:
        return _last(first).isoformat()
    if not 1 <= day <= _last(first).day:
        raise RejectedError(f"no such day of a month: {day}")
    return first.replace(day=int(day)).isoformat()


def month_start(now: datetime, month: float, day: float = 1, years: float | None = None) -> str:
    """A day of a named month when the month as a whole is meant: a month under way counts; day 0 is the last."""
    if not 1 <= month <= 12:
        raise RejectedError(f"no such month: {month}")
    year = now.year + int(years or 0)
    if years is None and month < now.month:
        year += 1
    first = date(year, int(month), 1)
    found = _last(first) if day == 0 else first.replace(day=int(day))
    return max(found, now.date()).isoformat()


def later(now: datetime, day: str | None) -> str | None:
    """The same date, or today where it is past."""
    return None if day is None else max(day, now.date().isoformat())


@lru_cache(maxsize=64)
def _lunar(year: int, month: int, day: int) -> date:
    solar = Lunar.fromYmd(year, month, day).getSolar()
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


@lru_cache(maxsize=16)
def _qingming(year: int) -> date:
    """Qingming of a solar year: the solar term, 4 to 6 April."""
    for day in (4, 5, 6):
        if Solar.fromYmd(year, 4, day).getLunar().getJieQi() == "清明":
            return date(year, 4, day)
    return date(year, 4, 5)


_HOLIDAYS: dict[str, tuple[Callable[[int], date], int]] = {
    # First day and length: the day after the break is when people are back.
    "new_year": (lambda year: date(year, 1, 1), 1),
    "spring": (lambda year: _lunar(year, 1, 1), 7),
    "lantern": (lambda year: _lunar(year, 1, 15), 1),
    "qingming": (_qingming, 1),
    "labour": (lambda year: date(year, 5, 1), 5),
    "dragon_boat": (lambda year: _lunar(year, 5, 5), 1),
    "mid_autumn": (lambda year: _lunar(year, 8, 15), 1),
    "national": (lambda year: date(year, 10, 1), 7),
    "double_eleven": (lambda year: date(year, 11, 11), 1),
    "christmas": (lambda year: date(year, 12, 25), 1),
}


def holiday(now: datetime, name: str, when: str) -> str:
    """The day before, the first day of, or the first working day after a holiday (`before`, `at`, `after`), the next to come.

    Source of the lengths: the State Council's 2025 holiday rules; Spring Festival until the 7th of the first lunar month.
    """
    begin, length = _HOLIDAYS[name]
    for year in (now.year, now.year + 1):
        first = begin(year)
        found = {"before": first - timedelta(days=1), "at": first, "after": first + timedelta(days=length)}[when]
        if found >= now.date():
            return found.isoformat()
    raise RejectedError(f"no {name} ahead")


def moment(
    now: datetime, day: str | None, part: str | None, hour: float | None = None, minute: float | None = None
) -> dict[str, str]:
    """A point in time as the contract has it: `at` where an hour is known, else date and part of the day.

    Without a part, one to seven o'clock is the afternoon: nobody is called at night. Without a day, the next such time.
    """
    if hour is None:
        chosen = day or now.date().isoformat()
        return {"date": chosen, "part": part} if part else {"date": chosen}
    clock = int(hour)
    late = {"afternoon": 12, "evening": 12, "noon": 4, None: 8}.get(part, 0)
    if 1 <= clock < late:
        clock += 12
    if clock == 24:
        clock = 0
    if clock > 23 or not 0 <= (minute or 0) < 60:
        raise RejectedError(f"no such time: {hour}:{minute}")
    chosen_day = date.fromisoformat(day) if day else now.date()
    at = datetime.combine(chosen_day, time(clock, int(minute or 0)), tzinfo=now.tzinfo)
    if day is None and at <= now:
        at += timedelta(days=1)
    return {"at": at.isoformat()}


def moment_now(now: datetime, day: str) -> dict[str, str]:
    """This time of day on another day, to the minute."""
    at = datetime.combine(date.fromisoformat(day), now.time(), tzinfo=now.tzinfo)
    return {"at": at.replace(second=0, microsecond=0).isoformat()}


def after_minutes(now: datetime, minutes: float) -> dict[str, str]:
    """The moment so many minutes from now, to the minute."""
    return {"at": (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0).isoformat()}


def as_date(_: datetime, day: str | None) -> dict[str, str] | None:
    """{date: day}."""
    return None if day is None else {"date": day}
