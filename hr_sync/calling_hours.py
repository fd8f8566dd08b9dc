"""When a person may be called: by the day of the week and the hour where they are, never at night, not on a holiday."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hr_sync.errors import InvalidDataError
from hr_sync.holidays import DayKind, day_kind

EARLIEST, LATEST = time(8), time(21)
"""Nobody is ever called outside these hours, whatever is set."""

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_USUAL = ("09:00-12:00", "14:00-20:00")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HORIZON_DAYS = 60
Spans = tuple[str, ...]
_SpansOf = Callable[[date], tuple[tuple[time, time], ...]]


class CallingHours(BaseModel):
    """Spans such as `09:00-12:00`, in the candidate's own time zone; no span: no calls on such a day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    monday: Spans = _USUAL
    tuesday: Spans = _USUAL
    wednesday: Spans = _USUAL
    thursday: Spans = _USUAL
    friday: Spans = _USUAL
    saturday: Spans = ()
    sunday: Spans = ()
    make_up_workday: Spans = _USUAL
    """A Saturday or Sunday that is worked in exchange for a public holiday."""
    holiday: Spans = ()
    holidays: Literal["china", "none"] = Field(default="china")
    """Whose public holidays are kept."""

    @model_validator(mode="after")
    def _decent(self) -> Self:
        for name in (*_DAYS, "make_up_workday", "holiday"):
            end_before = None
            for text in getattr(self, name):
                start, end = _read(name, text)
                if end_before is not None and start < end_before:
                    raise ValueError(f"{name}: {text} begins before the span in front of it ends")
                end_before = end
        if not any(getattr(self, name) for name in _DAYS):
            raise ValueError("no day of the week has a span: nobody could ever be called")
        return self

    # ---- questions --------------------------------------------------------------------------------------------------

    def permits(self, at: datetime, time_zone: str) -> bool:
        """Whether somebody in that time zone may be called at this moment."""
        return self.next_permitted(at, time_zone) == at.astimezone(UTC)

    def next_permitted(self, at: datetime, time_zone: str) -> datetime:
        """The first moment from `at` on when they may be called, in UTC; `at` itself if they may be called then.

        Raises:
            InvalidDataError: the time zone does not exist, or there is no such moment within 60 days.
        """
        return self._first(at, zone(time_zone), self._spans)

    def next_promised(self, at: datetime, time_zone: str) -> datetime:
        """The same for a call the person has asked for at a time: on any day, within 8:00-21:00."""
        return self._first(at, zone(time_zone), lambda _: ((EARLIEST, LATEST),))

    def next_part_of_day(self, after: datetime, time_zone: str, avoid: datetime) -> datetime:
        """The first permitted moment in another part of the day (morning, afternoon, evening) than `avoid` was in.

        When the hours know one part only, simply the first permitted moment.
        """
        where, moment = zone(time_zone), after.astimezone(UTC)
        shunned = part_of_day(avoid.astimezone(where).time())
        for _ in range(3 * _HORIZON_DAYS):
            moment = self.next_permitted(moment, time_zone)
            local = moment.astimezone(where)
            if part_of_day(local.time()) != shunned:
                return moment
            moment = _next_part(local).astimezone(UTC)
            if moment - after.astimezone(UTC) > timedelta(days=_HORIZON_DAYS - 1):
                break
        return self.next_permitted(after, time_zone)

    def _spans(self, day: date) -> tuple[tuple[time, time], ...]:
        kind = day_kind(day) if self.holidays == "china" else DayKind.WORKDAY
        name = str(kind) if kind in {DayKind.HOLIDAY, DayKind.MAKE_UP_WORKDAY} else _DAYS[day.weekday()]
        return tuple(_read(name, text) for text in getattr(self, name))

    @staticmethod
    def _first(at: datetime, where: ZoneInfo, spans: _SpansOf) -> datetime:
        moment = at.astimezone(UTC)
        today = moment.astimezone(where).date()
        for day in (today + timedelta(days=number) for number in range(_HORIZON_DAYS)):
            for start, end in spans(day):
                opens, closes = (datetime.combine(day, hour, where).astimezone(UTC) for hour in (start, end))
                if moment < closes:
                    return max(moment, opens)
        raise InvalidDataError(
            f"the calling hours have no permitted moment within {_HORIZON_DAYS} days", remedy="set hours for another day"
        )


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises InvalidDataError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidDataError("there is no such time zone", where=name[:60], remedy="write it like Asia/Shanghai") from error


def part_of_day(at: time) -> str:
    """Morning before noon, afternoon before six, evening."""
    return "morning" if at < time(12) else "afternoon" if at < time(18) else "evening"


def _next_part(local: datetime) -> datetime:
    """The beginning of the next part of the day."""
    for hour in (12, 18):
        if local.hour < hour:
            return local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return datetime.combine(local.date() + timedelta(days=1), EARLIEST, local.tzinfo)


def _read(day: str, text: str) -> tuple[time, time]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{day}: {text} is no span of hours; write it like 09:00-12:00")
    hours = [int(part) for part in found.groups()]
    if (hours[2], hours[3]) > (LATEST.hour, LATEST.minute) or (hours[0], hours[1]) < (EARLIEST.hour, EARLIEST.minute):
        raise ValueError(f"{day}: {text} reaches outside {EARLIEST:%H:%M}-{LATEST:%H:%M}, when nobody is ever called")
    start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    if start >= end:
        raise ValueError(f"{day}: {text} ends before it begins")
    return start, end
