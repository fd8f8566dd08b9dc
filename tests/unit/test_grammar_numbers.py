"""Spoken numbers and pay: every form of an amount means that amount."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.dialogue.grammar.numerals import spell_numbers, spoken_integer
from tests.unit.grammar_kit import answer, found, pack_grammars

AMOUNTS = st.integers(min_value=11, max_value=999).map(lambda hundreds: hundreds * 100).filter(lambda amount: amount >= 1100)


def colloquial(amount: int) -> str:
    """一万二 for 12000, 三千五 for 3500: the last unit left out where the digit before it is of the next lower power."""
    full = spoken_integer(amount)
    for unit, lower in (("万", "千"), ("千", "百")):
        if full.endswith(lower) and full[-3:-2] == unit and len(full) > 3:
            return full[:-1]
    return full


def pay(low, high=None, period="month", **more):
    return {"min": low, "max": low if high is None else high, "period": period, **more}


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("12000", "一万二千"),
        ("1.2万", "一点二万"),
        ("10500", "一万零五百"),
        ("12,000", "一万二千"),
        ("8000-10000", "八千到一万"),
        ("8k~10k", "八k到十k"),
        ("110", "一百一十"),
        ("2026年", "二零二六年"),
        ("3月5号", "三月五号"),
        ("14:30", "十四点三十分"),
        ("13800000001", "一三八零零零零零零零一"),
        ("１２０００", "一万二千"),
        ("20%", "百分之二十"),
        ("2026-12-01", "二零二六年十二月零一日"),
    ],
)
def test_arabic_numbers_are_spelled(text, spoken):
    assert spell_numbers(text) == spoken


@given(AMOUNTS)
@settings(max_examples=120, deadline=None)
def test_every_form_of_an_amount_means_it(amount):
    for form in (spoken_integer(amount), colloquial(amount), str(amount), f"{amount}元", f"我期望{spoken_integer(amount)}左右"):
        assert answer(form, "expected_pay") == pay(amount), form
    if amount % 1000 == 0:
        assert answer(f"{amount // 1000}k", "expected_pay") == pay(amount)
    if amount >= 10000:
        assert answer(f"{amount / 10000:g}万", "expected_pay") == pay(amount)


@given(AMOUNTS, st.integers(min_value=1, max_value=80).map(lambda hundreds: hundreds * 100))
@settings(max_examples=80, deadline=None)
def test_every_form_of_a_range_means_it(low, step):
    high = low + step
    if high >= 100_000:
        return
    first, second = spoken_integer(low), spoken_integer(high)
    for form in (f"{first}到{second}", f"{low}-{high}", f"{first}至{second}之间", f"嗯大概{first}到那个{second}吧"):
        assert answer(form, "expected_pay") == pay(low, high), form


@given(AMOUNTS)
@settings(max_examples=60, deadline=None)
def test_open_bounds_and_net(amount):
    spoken = spoken_integer(amount)
    for form in (f"至少{spoken}", f"{spoken}以上", f"不低于{spoken}", f"最低也要{spoken}", f"{spoken}往上"):
        assert answer(form, "expected_pay") == {"min": amount, "period": "month"}, form
    for form in (f"不超过{spoken}", f"{spoken}以内", f"最多{spoken}"):
        assert answer(form, "expected_pay") == {"max": amount, "period": "month"}, form
    for form in (f"税后{spoken}", f"{spoken}到手", f"到手{spoken}"):
        assert answer(form, "expected_pay") == pay(amount, net=True), form


@given(st.integers(min_value=5, max_value=90))
@settings(max_examples=50, deadline=None)
def test_years_days_and_hours(number):
    amount = spoken_integer(number)
    for form in (
        f"年薪{amount}万",
        f"{amount}万一年",
        f"一年{amount}万",
        f"每年{amount}万",
        f"{number}万年薪",
        f"年包{amount}万左右",
    ):
        assert answer(form, "expected_pay") == pay(number * 10_000, period="year"), form
    for form in (f"时薪{amount}", f"一小时{amount}块", f"{amount}块钱一个小时", f"每小时{amount}元"):
        assert answer(form, "expected_pay") == pay(number, period="hour"), form
    hundreds = spoken_integer(number // 5 * 100 + 100)
    for form in (f"一天{hundreds}", f"{hundreds}一天", f"日薪{hundreds}", f"{hundreds}块钱一天"):
        assert answer(form, "expected_pay") == pay(number // 5 * 100 + 100, period="day"), form


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一千二一天", pay(1200, period="day")),
        ("一万二", pay(12000)),
        ("一万二千五", pay(12500)),
        ("一万零二百", pay(10200)),
        ("万二", pay(12000)),
        ("八九千", pay(8000, 9000)),
        ("一两万", pay(10000, 20000)),
        ("一万二三", pay(12000, 13000)),
        ("七八千到一万", pay(7000, 10000)),
        ("一万二到五", pay(12000, 15000)),
        ("八到十k", pay(8000, 10000)),
        ("八到一万", pay(8000, 10000)),
        ("十五到二十万", pay(150000, 200000)),
        ("一万出头", {"min": 10000, "period": "month"}),
        ("八千多", {"min": 8000, "period": "month"}),
        ("万把块", pay(10000)),
        ("万儿八千", pay(8000, 10000)),
        ("两万以上", {"min": 20000, "period": "month"}),
        ("十几万一年", {"min": 100000, "period": "year"}),
        ("税后年薪三十万", pay(300000, period="year", net=True)),
        ("一万三，不对，是一万五", pay(15000)),
        ("八千吧，嗯……九千", pay(9000)),
        ("不是一万二，是两万二", pay(22000)),
        ("我现在八千，想要一万", pay(10000)),
        ("面议", None),
        ("看你们的标准吧", None),
        ("五险一金要有", None),
        ("我今年三十二岁", None),
    ],
)
def test_pay_as_people_say_it(text, value):
    assert answer(text, "expected_pay") == value


def test_misheard_pay_is_still_pay_but_less_close():
    for text in ("一万儿", "一晚二", "以万二"):
        assert answer(text, "expected_pay") == pay(12000)
    assert found(pack_grammars(), "一晚二", kinds=("answer",), target="expected_pay")[-1].distance > 0


@given(st.integers(min_value=1, max_value=40))
@settings(max_examples=40, deadline=None)
def test_years_of_experience(years):
    spoken = spoken_integer(years)
    for form in (f"{spoken}年", f"{years}年", f"{spoken}年多", f"做了{spoken}年了", f"有{spoken}年经验", f"差不多{spoken}年吧"):
        assert answer(form, "years_experience") == {"years": years}, form
    if years < 11:  # 十一年半 and longer are said otherwise
        assert answer(f"{spoken}年半", "years_experience") == {"years": years + 0.5}


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("半年", 0.5),
        ("五六年", 5),
        ("十来年", 10),
        ("没有经验", 0),
        ("刚毕业", 0),
        ("没有", 0),
        ("一年零三个月", 1.25),
        ("六个月", 0.5),
        ("从二零二零年到现在", 6),
    ],
)
def test_years_as_people_say_them(text, years):
    assert answer(text, "years_experience") == {"years": years}
