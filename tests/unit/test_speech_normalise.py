"""Written text to spoken text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.speech.tts.normalise import normalise
from agi_app.speech.tts.numerals import cardinal, colloquial, telephone

SPOKEN = {
    # money and ranges
    "8000-10000元": "八千到一万元",
    "8000~10000元/月": "八千到一万元每月",
    "月薪8000——10000元": "月薪八千到一万元",
    "¥12,000": "一万两千元",
    "12k": "一万二",
    "8k-13k": "八千到一万三",
    "8-12K": "八千到一万二",
    "15.5k": "一万五千五百",
    "1.2w": "一点二万",
    "1.2万-1.5万": "一点二万到一点五万",
    "2万元": "两万元",
    "13薪": "十三薪",
    # percent
    "16%": "百分之十六",
    "16.5%": "百分之十六点五",
    "5%-12%": "百分之五到百分之十二",
    "5-12%": "百分之五到百分之十二",
    # dates and times
    "2026-03-05": "二零二六年三月五日",
    "2026/3/5": "二零二六年三月五日",
    "2026年3月": "二零二六年三月",
    "2月2日": "二月二日",
    "2024届": "二零二四届",
    "14:30": "十四点半",
    "下午14:30": "下午两点半",
    "晚上20:00": "晚上八点",
    "14:05": "十四点零五分",
    "9:00-18:00": "九点到十八点",
    "2:00": "两点",
    "2026/3/5 14:15": "二零二六年三月五日十四点十五分",
    # numbers
    "13800000001": "幺三八、零零零零、零零零幺",
    "+86 138 0000 0001": "幺三八、零零零零、零零零幺",
    "010-12345678": "零幺零、幺二三四、五六七八",
    "工号007": "工号零零七",
    "3.5": "三点五",
    "100,000份": "十万份",
    "2-3年": "两到三年",
    "2个": "两个",
    "12个": "十二个",
    "第2轮": "第二轮",
    "1:3": "一比三",
    "2/3": "三分之二",
    "7x24小时": "七乘二十四小时",
    "3.5km": "三点五公里",
    # Latin words stay for the lexicon
    "熟悉C++/C#、Java 8": "熟悉C++、C#、Java八",
    "ＩＴ行业ＫＰＩ": "IT行业KPI",
    # marks
    "您好,我是小林.": "您好，我是小林。",
    "（可选）双休！！！": "可选，双休！",
    "好的……那": "好的。那",
    "A&B": "A和B",
}


@pytest.mark.parametrize(("written", "spoken"), SPOKEN.items())
def test_reads_as_a_speaker_would(written: str, spoken: str) -> None:
    assert normalise(written).text == spoken


def test_what_cannot_be_read_is_left_out_and_counted() -> None:
    result = normalise("您好😀，Привет欢迎👋")
    assert result.text == "您好，欢迎"
    assert result.dropped == 8


def test_quotes_and_blanks_are_no_loss() -> None:
    result = normalise("“双休” 的 岗位　")
    assert (result.text, result.dropped) == ("双休的岗位", 0)


@given(st.text(max_size=80))
def test_any_text_gives_only_what_can_be_read(text: str) -> None:
    result = normalise(text)
    assert all(
        "\u3400" <= char <= "\u9fff" or char == "〇" or char in "，。？！、；： .'+#-" or char.isalpha() for char in result.text
    )
    assert not any(char.isdigit() and char.isascii() for char in result.text)


@given(st.text(alphabet="您好一二ABC，。12.5%-: 元年k", max_size=40))
def test_spoken_text_stays_as_it_is(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [
        ("0", "零"),
        ("2", "二"),
        ("10", "十"),
        ("12", "十二"),
        ("110", "一百一十"),
        ("200", "两百"),
        ("1005", "一千零五"),
        ("1010", "一千零一十"),
        ("10010", "一万零一十"),
        ("22222", "两万两千两百二十二"),
        ("100000000", "一亿"),
        ("100020003", "一亿零两万零三"),
    ],
)
def test_cardinals(digits: str, spoken: str) -> None:
    assert cardinal(digits) == spoken


def _value(spoken: str) -> int:
    """Independent reading of a cardinal, to check it against the number it was made from."""
    total = section = digit = 0
    for char in spoken.replace("两", "二"):
        if char in "零一二三四五六七八九":
            digit = "零一二三四五六七八九".index(char)
        elif char in "十百千":
            section += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[char]
            digit = 0
        elif char == "万":
            total += (section + digit) * 10_000
            section = digit = 0
        else:
            total = (total + section + digit) * 100_000_000
            section = digit = 0
    return total + section + digit


@given(st.integers(0, 99_999_999))
def test_cardinals_can_be_read_back(number: int) -> None:
    assert _value(cardinal(str(number))) == number


def test_pay_in_thousands() -> None:
    assert [colloquial(amount) for amount in ("8", "10", "12", "20", "25", "10.5")] == [
        "八千",
        "一万",
        "一万二",
        "两万",
        "两万五",
        "一万零五百",
    ]


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [
        ("13912345678", "幺三九、幺二三四、五六七八"),
        ("4001234567", "四零零、幺二三、四五六七"),
        ("01012345678", "零幺零、幺二三四、五六七八"),
        ("057112345678", "零五七幺、幺二三四、五六七八"),
        ("12345678", "幺二三四、五六七八"),
    ],
)
def test_a_telephone_number_is_read_in_groups(digits: str, spoken: str) -> None:
    assert telephone(digits) == spoken
