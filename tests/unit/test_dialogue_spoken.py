"""Numbers, money and times as they are spoken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agi_app.dialogue import spoken
from agi_app.dialogue.slots import is_past, spoken_value
from tests.unit.dialogue_kit import NOW, PACK

TODAY = date(2026, 11, 23)  # a Monday


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "零"), (2, "二"), (12, "十二"), (300, "三百"), (850, "八百五"), (1000, "一千"), (1050, "一千零五十"), (2000, "两千"),
        (2200, "两千二"), (5200, "五千二"), (8000, "八千"), (8500, "八千五"), (10000, "一万"), (10200, "一万零二百"),
        (10500, "一万零五百"),
        (12000, "一万二"), (13000, "一万三"), (12500, "一万两千五"), (20000, "两万"),
        (22000, "两万二"), (20500, "两万零五百"),
        (100000, "十万"), (200000, "二十万"), (125000, "十二万五"), (12345, "一万两千三百四十五"), (100_000_000, "一亿"),
    ],
)  # fmt: skip
def test_yuan(amount: int, text: str) -> None:
    assert spoken.yuan(amount) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (1015, "一千零一十五"),
        (20002, "两万零二"),
        (-3, "负三"),
    ],
)
def test_number(value: int, text: str) -> None:
    assert spoken.number(value) == text


def test_every_number_is_spoken_and_no_two_alike() -> None:
    words = [spoken.number(value) for value in range(20_000)]
    assert len(set(words)) == len(words)
    assert not any("零零" in word or word.endswith("零") for word in words[1:])
    amounts = [spoken.yuan(value) for value in range(0, 300_000, 100)]
    assert len(set(amounts)) == len(amounts)


def test_small_forms() -> None:
    assert spoken.yuan_range(10000, 13000) == "一万到一万三"
    assert spoken.yuan_range(8000, 8000) == "八千"
    assert spoken.percent(16) == "百分之十六"
    assert spoken.percent(100) == "百分之百"
    assert spoken.percent(7.5) == "百分之七点五"
    assert spoken.count(2, "次") == "两次"
    assert spoken.count(12, "个人") == "十二个人"
    assert spoken.count_range(1, 3, "个月") == "一到三个月"
    assert spoken.count_range(2, 4, "个月") == "两到四个月"
    assert spoken.count_range(1, 1, "个月") == "一个月"
    assert [spoken.years(value) for value in (0.5, 1.5, 2, 2.5, 5.0, 12)] == ["半年", "一年半", "两年", "两年半", "五年", "十二年"]
    assert spoken.joined(["甲"]) == "甲"
    assert spoken.joined(["甲", "乙", "丙"]) == "甲、乙和丙"
    assert spoken.digits("2026") == "二零二六"
    assert [spoken.after_days(days) for days in (0, 3, 7, 14, 30, 60, 45)] == [
        "随时", "三天后", "一周后", "两周后", "一个月后", "两个月后", "四十五天后",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hour", "minute", "text"),
    [
        (9, 0, "上午九点"),
        (14, 30, "下午两点半"),
        (12, 0, "中午十二点"),
        (9, 5, "上午九点零五分"),
        (20, 15, "晚上八点一刻"),
        (7, 50, "早上七点五十分"),
        (0, 0, "凌晨零点"),
    ],
)
def test_clock(hour: int, minute: int, text: str) -> None:
    assert spoken.clock(hour, minute) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "今天"),
        (1, "明天"),
        (2, "后天"),
        (4, "这周五"),
        (6, "这周日"),
        (7, "下周一"),
        (9, "下周三"),
        (13, "下周日"),
        (14, "十二月七号"),
        (42, "明年一月四号"),
        (-1, "十一月二十二号"),
    ],
)
def test_day(days: int, text: str) -> None:
    assert spoken.day(TODAY + timedelta(days=days), TODAY) == text


def test_moment_in_the_candidates_time() -> None:
    utc = datetime(2026, 12, 2, 6, 0, tzinfo=UTC)
    assert spoken.moment(utc, NOW) == "下周三下午两点"


@pytest.mark.parametrize(
    ("slot", "value", "text"),
    [
        ("expected_pay", {"min": 12000, "max": 12000, "period": "month"}, "每月一万二"),
        ("expected_pay", {"min": 8000, "max": 10000, "period": "month"}, "每月八千到一万"),
        ("expected_pay", {"min": 9000, "period": "month"}, "每月九千以上"),
        ("expected_pay", {"max": 9000, "period": "month"}, "每月九千以内"),
        ("expected_pay", {"min": 15000, "max": 15000, "period": "month", "net": True}, "税后每月一万五"),
        ("expected_pay", {"min": 200000, "max": 200000, "period": "year"}, "年薪二十万"),
        ("expected_pay", {"min": 300, "max": 300, "period": "day"}, "每天三百"),
        ("start_date", {"in_days": 0}, "随时"),
        ("start_date", {"date": "2026-12-01"}, "下周二"),
        ("callback_time", {"date": "2026-11-24", "part": "afternoon"}, "明天下午"),
        ("callback_time", {"at": "2026-11-23T15:00:00"}, "今天下午三点"),
        ("years_experience", {"years": 0}, "没有相关经验"),
        ("degree", "bachelor", "本科"),
        ("employment", {"status": "left"}, "已经离职"),
        ("city", "苏州", "苏州"),
    ],
)
def test_values_said_back(slot: str, value: Any, text: str) -> None:
    assert spoken_value(slot, value, NOW, PACK.terms) == text


def test_past() -> None:
    assert is_past({"at": "2026-11-23T09:59:00+08:00"}, NOW)
    assert not is_past({"at": "2026-11-23T10:01:00"}, NOW)
    assert is_past({"date": "2026-11-22"}, NOW)
    assert not is_past({"date": "2026-11-23"}, NOW)
