"""Days and times count from the moment of the call."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.dialogue.grammar.numerals import spoken_integer
from tests.unit.grammar_kit import NOW, answer

CHINA = timezone(timedelta(hours=8))
MOMENTS = st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2031, 12, 30), timezones=st.just(CHINA))  # noqa: DTZ001
WEEKDAYS = "一二三四五六日"


def start(text, now=NOW):
    return answer(text, "start_date", now)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("随时", {"in_days": 0}),
        ("马上就可以", {"in_days": 0}),
        ("随叫随到", {"in_days": 0}),
        ("明天", {"date": "2026-03-12"}),
        ("大后天", {"date": "2026-03-14"}),
        ("下周一", {"date": "2026-03-16"}),
        ("下下周一", {"date": "2026-03-23"}),
        ("这周五", {"date": "2026-03-13"}),
        ("周一", {"date": "2026-03-16"}),
        ("一个月以后", {"in_days": 30}),
        ("两周左右", {"in_days": 14}),
        ("半个月", {"in_days": 15}),
        ("一个半月", {"in_days": 45}),
        ("三天内", {"in_days": 3}),
        ("两到三周", {"in_days": 21}),
        ("提前一个月通知", {"in_days": 30}),
        ("还要交接两个星期", {"in_days": 14}),
        ("月底", {"date": "2026-03-31"}),
        ("下个月初", {"date": "2026-04-01"}),
        ("下月十五号", {"date": "2026-04-15"}),
        ("三月五号", {"date": "2027-03-05"}),
        ("三月二十号", {"date": "2026-03-20"}),
        ("十五号", {"date": "2026-03-15"}),
        ("五号", {"date": "2026-04-05"}),
        ("六月份", {"date": "2026-06-01"}),
        ("四月中旬", {"date": "2026-04-15"}),
        ("年底", {"date": "2026-12-31"}),
        ("明年三月", {"date": "2027-03-01"}),
        ("过完元旦", {"date": "2027-01-02"}),
        ("五一之后", {"date": "2026-05-06"}),
        ("国庆以后", {"date": "2026-10-08"}),
        ("过完端午", {"date": "2026-06-20"}),
        ("过完年", {"date": "2027-02-13"}),
        ("清明节后", {"date": "2026-04-06"}),
        ("中秋节之前", {"date": "2026-09-24"}),
        ("下周，不对，下下周一", {"date": "2026-03-23"}),
        ("再看看吧", None),
    ],
)
def test_days_to_start(text, value):
    assert start(text) == value


@given(MOMENTS, st.integers(min_value=0, max_value=6))
@settings(max_examples=60, deadline=None)
def test_a_day_of_next_week_lies_in_next_week(now, day):
    monday = now.date() - timedelta(days=now.weekday())
    for word in ("周", "星期", "礼拜"):
        assert start(f"下{word}{WEEKDAYS[day]}", now) == {"date": (monday + timedelta(days=7 + day)).isoformat()}
    coming = date.fromisoformat(start(f"周{WEEKDAYS[day]}", now)["date"])
    assert coming.weekday() == day
    assert 0 <= (coming - now.date()).days < 7


@given(MOMENTS, st.integers(min_value=1, max_value=12), st.integers(min_value=1, max_value=28))
@settings(max_examples=60, deadline=None)
def test_a_named_day_is_the_next_one(now, month, day):
    forms = (f"{spoken_integer(month)}月{spoken_integer(day)}号", f"{month}月{day}日", f"{month}月{day}号左右")
    expected = date(now.year, month, day)
    if expected < now.date():
        expected = expected.replace(year=now.year + 1)
    for form in forms:
        assert start(form, now) == {"date": expected.isoformat()}, form


@given(st.integers(min_value=1, max_value=60))
@settings(max_examples=40, deadline=None)
def test_a_number_of_days(days):
    number = "两" if days == 2 else spoken_integer(days)
    for form in (f"{number}天", f"{number}天以后", f"大概{number}天左右", f"{days}天内", f"需要提前{number}天提离职"):
        assert start(form) == {"in_days": days}, form


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("下周三下午两点半", {"at": "2026-03-18T14:30:00+08:00"}),
        ("明天上午", {"date": "2026-03-12", "part": "morning"}),
        ("今天晚上", {"date": "2026-03-11", "part": "evening"}),
        ("今晚八点", {"at": "2026-03-11T20:00:00+08:00"}),
        ("后天上午十点", {"at": "2026-03-13T10:00:00+08:00"}),
        ("半小时后", {"at": "2026-03-11T10:50:00+08:00"}),
        ("一个小时以后", {"at": "2026-03-11T11:20:00+08:00"}),
        ("二十分钟以后", {"at": "2026-03-11T10:40:00+08:00"}),
        ("下午三点再打", {"at": "2026-03-11T15:00:00+08:00"}),
        ("九点", {"at": "2026-03-12T09:00:00+08:00"}),
        ("四点一刻", {"at": "2026-03-11T16:15:00+08:00"}),
        ("中午十二点", {"at": "2026-03-11T12:00:00+08:00"}),
        ("14:30", {"at": "2026-03-11T14:30:00+08:00"}),
        ("下班以后六点半", {"at": "2026-03-11T18:30:00+08:00"}),
        ("明天这个时候", {"at": "2026-03-12T10:20:00+08:00"}),
        ("周末", {"date": "2026-03-14"}),
        ("没空", None),
    ],
)
def test_times_to_call(text, value):
    assert answer(text, "callback_time") == value
    if "以后" not in text and "再打" not in text and "小时" not in text:
        assert answer(text, "interview_time") == value


@given(MOMENTS, st.integers(min_value=8, max_value=21), st.sampled_from((0, 15, 30, 45)))
@settings(max_examples=60, deadline=None)
def test_every_form_of_a_time_means_it(now, hour, minute):
    part = "上午" if hour < 12 else "中午" if hour == 12 else "下午" if hour < 18 else "晚上"
    clock = spoken_integer(hour if hour <= 12 else hour - 12)
    minutes = {0: "", 15: "一刻", 30: "半", 45: "四十五"}[minute]
    expected = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), tzinfo=CHINA).replace(hour=hour, minute=minute)
    for form in (f"明天{part}{clock}点{minutes}", f"明天{hour}:{minute:02}", f"那就明天{part}{clock}点{minutes}吧"):
        assert answer(form, "callback_time", now) == {"at": expected.isoformat()}, form
