"""Periods as resumes write them: 2019.07-2022.02, 2019年7月至今, 2019/7 ~ Present."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_MONTH = r"((?:19|20)\d{2})\s*(?:[./年-]\s*(1[0-2]|0?[1-9])(?!\d)(?:[./月-](?:[0-3]?\d)(?!\d)日?)?|年)?\s*月?"
_NOW = r"(至今|现在|今|目前|present|now|current)"
_PERIOD = re.compile(rf"{_MONTH}\s*(?:-{{1,2}}|–|—|―|~|～|至|到|to)\s*(?:{_NOW}|{_MONTH})|{_MONTH}\s*{_NOW}", re.IGNORECASE)
_FIRST = 1950
_LAST = 2100


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first of a month to the first of another; `end` None: it lasts."""

    start: date
    end: date | None
    text: str
    place: tuple[int, int]


def period(text: str) -> Period | None:
    """The first period of a text."""
    found = _PERIOD.search(text)
    if found is None:
        return None
    year, month, now, end_year, end_month, other_year, other_month, _ = found.groups()
    start = _day(year or other_year, month or other_month)
    end = None if now or other_year else _day(end_year, end_month)
    if start is None or (end is not None and end < start):
        return None
    return Period(start, end, found[0], found.span())


def _day(year: str, month: str | None) -> date | None:
    return date(int(year), int(month or 1), 1) if _FIRST <= int(year) < _LAST else None
