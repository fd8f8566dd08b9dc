"""Cells as people fill them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from hr_sync.imports import values
from hr_sync.imports.problems import CellError
from hr_sync.neutral import neutral
from hr_sync.protected import without_protected


@pytest.mark.parametrize(
    ("read", "cell", "value"),
    [
        (values.text, " 赵一 ", "赵一"),
        (values.text, 42.0, "42"),
        (values.degree, "本科（学士）", "bachelor"),
        (values.degree, "大 专", "college"),
        (values.degree, "MBA", "master"),
        (values.status, "在职，看机会".replace("，", ""), "employed"),
        (values.truth, "是", True),
        (values.truth, 0, False),
        (values.words, "Excel、SAP; Excel，用友", ["Excel", "SAP", "用友"]),
        (values.words, ["a", "b"], ["a", "b"]),
        (values.day, "2020年6月", "2020-06-01"),
        (values.day, "2020/6/30", "2020-06-30"),
        (values.day, "2020.06", "2020-06-01"),
        (values.day, "20200630", "2020-06-30"),
        (values.day, 44012, "2020-06-30"),
        (values.day, datetime(2020, 6, 30, 8), "2020-06-30"),  # noqa: DTZ001 - a spreadsheet's
        (values.day, "2020-06-30 00:00:00", "2020-06-30"),
        (values.moment, "2026-11-22 10:00", "2026-11-22T02:00:00+00:00"),
        (values.moment, "2026-11-22T10:00:00+08:00", "2026-11-22T02:00:00+00:00"),
        (values.moment, "2026/11/22", "2026-11-22T04:00:00+00:00"),
        (values.moment, date(2026, 11, 22), "2026-11-22T04:00:00+00:00"),
        (values.yuan, "1.2万", 12000),
        (values.yuan, "¥12,000元/月", 12000),
        (values.yuan, "8k", 8000),
        (values.money_range, "10k-13k", {"min": 10000, "max": 13000}),
        (values.money_range, "1-1.3万", {"min": 10000, "max": 13000}),
        (values.money_range, "8000～10000元", {"min": 8000, "max": 10000}),
        (values.money_range, 9000, {"min": 9000, "max": 9000}),
        (values.years, "3年以上", 3),
        (values.years, "三年半", 3.5),
        (values.years, "18个月", 1.5),
        (values.years, "3-5年", 3),
        (values.years, "应届", 0),
        (values.years, 6.5, 6.5),
        (values.number, "16%", 16),
        (values.amounts, "餐补:400；交通：200", {"餐补": 400, "交通": 200}),
        (values.overtime, "偶尔", "sometimes"),
        (values.channel, "电话", "phone"),
        (values.birth_day, "1995-05-06", "1995-05-06"),
    ],
)
def test_cells_are_read(read: Callable[[object], object], cell: object, value: object) -> None:
    assert read(cell) == value


@pytest.mark.parametrize(
    ("read", "cell", "told"),
    [
        (values.text, "=cmd|'/c calc'!A1", "formula"),
        (values.text, "a\x07b", "control"),
        (values.text, "x" * 30_000, "30,000 characters"),
        (values.text, ["a"], "list"),
        (values.degree, "大砖", "no degree"),
        (values.day, "2025-02-29", "no such day"),
        (values.day, "2025-13-01", "no such day"),
        (values.day, "0202-01-01", "year"),
        (values.day, "昨天", "no date"),
        (values.moment, "2025-02-30 10:00", "date|day"),
        (values.yuan, "-5000", "negative"),
        (values.yuan, "面议", "no amount"),
        (values.money_range, "-5000", "negative"),
        (values.money_range, "13k-10k", "lower bound"),
        (values.years, "很多", "years"),
        (values.number, "nan", "no number"),
        (values.email, "a@b@c.cn", "mail"),
        (values.truth, "也许", "neither"),
        (values.document, "{", "JSON"),
        (values.birth_day, "1995年5月", "day is missing"),
        (values.birth_day, "2024-01-01", "age"),
    ],
)
def test_cells_that_cannot_be_read_say_why(read: Callable[[object], object], cell: object, told: str) -> None:
    with pytest.raises(CellError, match=told) as refused:
        read(cell)
    assert refused.value.remedy


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "＝1", "-负责"])
def test_what_a_spreadsheet_would_run_becomes_text(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["+8613800000001", "-5", "-1.5", 12, None, "a=b", "赵一"])
def test_plain_values_are_left_alone(cell: object) -> None:
    assert neutral(cell) == cell


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("已婚已育，能出差", "能出差"),
        ("民族：汉 籍贯：杭州 熟悉用友", "熟悉用友"),
        ("女儿刚上小学，有两个孩子", "女儿刚上小学"),
        ("身体健康、性格开朗", "性格开朗"),
        ("中共党员；英语六级", "英语六级"),
        ("婚姻状况：未婚", ""),
    ],
)
def test_protected_attributes_are_taken_out_of_remarks(text: str, kept: str) -> None:
    assert without_protected(text)[0] == kept
    assert without_protected(text)[1] >= 1


@pytest.mark.parametrize(
    "text",
    ["负责儿童教育产品", "中央民族大学，社会学", "健康管理师证书", "在湘西土家族苗族自治州支教", "单身公寓运营", "无障碍设计"],
)
def test_work_is_not_taken_for_a_protected_attribute(text: str) -> None:
    assert without_protected(text) == (text, 0)
