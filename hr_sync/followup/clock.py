"""When people may be written to, and when interviews are held."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hr_sync.followup.settings import InterviewDefaults, MessageRules
from hr_sync.holidays import DayKind, day_kind

_LONGEST_LOOK_DAYS = 90


def after_quiet(at: datetime, settings: MessageRules, zone: str) -> datetime:
    """The first moment from `at` on that is not in the quiet hours of somebody in that zone, in UTC."""
    local = at.astimezone(ZoneInfo(zone))
    start, end = settings.quiet_from, settings.quiet_until
    clock = local.time()
    over_midnight = start > end
    quiet = (clock >= start or clock < end) if over_midnight else start <= clock < end
    if not quiet:
        return at.astimezone(UTC)
    day = local.date() + timedelta(days=1) if over_midnight and clock >= start else local.date()
    return datetime.combine(day, end, local.tzinfo).astimezone(UTC)


def interview_time(now: datetime, defaults: InterviewDefaults, zone: str, taken: Collection[datetime]) -> datetime:
    """The first free time for an interview, in UTC.

    Args:
        now: the days ahead count from here.
        defaults: times of day, days ahead, how many at the same time.
        zone: of the place.
        taken: times that were given away, one entry each.
    """
    busy = [moment.astimezone(UTC) for moment in taken]
    for day in _working_days(now.astimezone(ZoneInfo(zone)).date(), defaults.days_ahead):
        for start in defaults.starts:
            moment = datetime.combine(day, start, ZoneInfo(zone)).astimezone(UTC)
            if busy.count(moment) < defaults.at_once:
                return moment
    return datetime.combine(now.date() + timedelta(days=_LONGEST_LOOK_DAYS), time(10), ZoneInfo(zone)).astimezone(UTC)


def _working_days(today: date, ahead: int) -> Iterator[date]:
    """Working days from the `ahead`-th after today."""
    passed = 0
    for offset in range(1, _LONGEST_LOOK_DAYS):
        day = today + timedelta(days=offset)
        if day_kind(day) in {DayKind.WORKDAY, DayKind.MAKE_UP_WORKDAY}:
            passed += 1
            if passed >= ahead:
                yield day


def spoken(at: datetime, zone: str) -> str:
    """A moment as people write it: 11月26日（周四）上午10:00."""
    local = at.astimezone(ZoneInfo(zone))
    weekday = "一二三四五六日"[local.weekday()]
    part = "上午" if local.hour < 12 else "下午" if local.hour < 18 else "晚上"
    hour = local.hour if local.hour <= 12 else local.hour - 12
    return f"{local.month}月{local.day}日（周{weekday}）{part}{hour}:{local.minute:02d}"
