"""When a person may be called."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hr_sync import holidays
from hr_sync.calling_hours import CallingHours, zone
from hr_sync.errors import InvalidDataError
from hr_sync.holidays import DayKind, announced, day_kind

HOME = "Asia/Shanghai"
HOURS = CallingHours()


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2026, where: str = HOME) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=zone(where)).astimezone(UTC)


def test_kinds_of_days() -> None:
    assert day_kind(date(2026, 2, 17)) is DayKind.HOLIDAY  # Spring Festival
    assert day_kind(date(2026, 2, 14)) is DayKind.MAKE_UP_WORKDAY  # a Saturday worked in exchange
    assert day_kind(date(2026, 3, 7)) is DayKind.WEEKEND
    assert day_kind(date(2026, 3, 9)) is DayKind.WORKDAY


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_cautious_reading_leaves_out_every_weekday_that_turned_out_a_holiday(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    missed = [day for day in days if day_kind(day) is DayKind.HOLIDAY and holidays._cautious(day) is DayKind.WORKDAY]
    assert missed == []
    assert not [day for day in days if holidays._cautious(day) is DayKind.MAKE_UP_WORKDAY]


def test_years_that_are_not_announced_are_read_cautiously_and_loudly() -> None:
    assert not announced(2031)
    holidays._warn.cache_clear()
    with structlog.testing.capture_logs() as logs:
        assert day_kind(date(2031, 10, 3)) is DayKind.HOLIDAY
        assert day_kind(date(2031, 10, 4)) is DayKind.HOLIDAY
    assert [(entry["event"], entry["year"], entry["log_level"]) for entry in logs] == [("holidays_unknown", 2031, "warning")]


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        (at(3, 9, 8, 59), at(3, 9, 9)),
        (at(3, 9, 9), at(3, 9, 9)),
        (at(3, 9, 12), at(3, 9, 14)),
        (at(3, 9, 20), at(3, 10, 9)),
        (at(3, 7, 10), at(3, 9, 9)),  # Saturday
        (at(2, 14, 10), at(2, 14, 10)),  # a Saturday that is worked
        (at(2, 13, 20), at(2, 14, 9)),
        (at(2, 14, 20), at(2, 24, 9)),  # before Spring Festival, of nine days
        (at(9, 30, 20), at(10, 8, 9)),  # before National Day
    ],
)
def test_the_next_permitted_moment(moment: datetime, first: datetime) -> None:
    assert HOURS.next_permitted(moment, HOME) == first
    assert HOURS.permits(moment, HOME) is (moment == first)


def test_a_promise_holds_on_any_day_but_not_at_night() -> None:
    assert HOURS.next_promised(at(2, 17, 12, 30), HOME) == at(2, 17, 12, 30)
    assert HOURS.next_promised(at(2, 17, 21), HOME) == at(2, 18, 8)


def test_another_part_of_the_day() -> None:
    assert HOURS.next_part_of_day(at(3, 10, 9), HOME, avoid=at(3, 9, 10)) == at(3, 10, 14)
    morning_only = CallingHours(**dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), ("09:00-11:00",)))
    assert morning_only.next_part_of_day(at(3, 10, 9), HOME, avoid=at(3, 9, 10)) == at(3, 10, 9)


@pytest.mark.parametrize(
    ("spans", "complaint"),
    [
        (("07:30-09:00",), "reaches outside"),
        (("20:00-21:01",), "reaches outside"),
        (("00:00-24:00",), "reaches outside"),
        (("12:00-09:00",), "ends before it begins"),
        (("09:00-12:00", "11:00-13:00"), "begins before"),
        (("9-12",), "no span of hours"),
    ],
)
def test_hours_that_cannot_be_set(spans: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        CallingHours(monday=spans)


def test_hours_in_which_nobody_could_be_called() -> None:
    closed = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), ())
    with pytest.raises(ValidationError, match="nobody could ever be called"):
        CallingHours(**closed)


def test_a_time_zone_that_does_not_exist() -> None:
    with pytest.raises(InvalidDataError, match="no such time zone"):
        HOURS.permits(at(3, 9, 9), "Mars/Olympus")


@given(
    st.integers(0, 60 * 24 * 1400).map(lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from([HOME, "Europe/London", "America/St_Johns", "Asia/Urumqi", "Pacific/Apia"]),
)
def test_never_outside_the_spans_anywhere_also_when_clocks_change(moment: datetime, where: str) -> None:
    first = HOURS.next_permitted(moment, where)
    local = first.astimezone(zone(where))
    assert first >= moment
    assert (9 <= local.hour < 12) or (14 <= local.hour < 20)
    assert HOURS.permits(first, where)
