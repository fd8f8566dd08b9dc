"""Numbers, money, dates and times as Mandarin speakers say them, so that what is displayed equals what is heard.

The rules are those of everyday speech: 两 before measure words and before 千 and 万, 二 elsewhere; a last unit is left out where no
zero stands before it (一万二 is 12,000, 一万零二百 is 10,200).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

DIGITS = "零一二三四五六七八九"
_SMALL = ((1000, "千"), (100, "百"), (10, "十"))
_LARGE = ((100_000_000, "亿"), (10_000, "万"))
WEEKDAYS = "一二三四五六日"
PARTS = {"morning": "上午", "noon": "中午", "afternoon": "下午", "evening": "晚上"}
"""Parts of the day as the slots name them."""


def number(value: int) -> str:
    """A whole number in full: 12000 is 一万两千, 105 is 一百零五, 15 is 十五."""
    if value < 0:
        return "负" + number(-value)
    for size, unit in _LARGE:
        if value >= size:
            high, low = divmod(value, size)
            head = "两" if high == 2 else number(high)
            gap = "零" if 0 < low < size // 10 else ""
            return head + unit + gap + (number_inside(low) if low else "")
    text = number_inside(value)
    return text.removeprefix("一") if 10 <= value < 20 else text


def number_inside(value: int) -> str:
    """A number below 10,000 as it stands inside a larger one: 15 is 一十五; above that it is read as by `number`."""
    if value >= 10_000:
        return number(value)
    if value < 10:
        return DIGITS[value]
    text = ""
    gap = False
    for size, unit in _SMALL:
        digit, value = divmod(value, size)
        if digit:
            text += ("零" if gap and text else "") + ("两" if digit == 2 and size == 1000 else DIGITS[digit]) + unit
            gap = False
        else:
            gap = bool(text)
    if value:
        text += ("零" if gap and text else "") + DIGITS[value]
    return text


def decimal(value: float) -> str:
    """A number that may have a fraction: 7.5 is 七点五, 16.0 is 十六."""
    if float(value).is_integer():
        return number(int(value))
    whole, fraction = f"{value:.2f}".rstrip("0").split(".")
    return number(int(whole)) + "点" + digits(fraction)


def digits(text: str) -> str:
    """Digits one by one: 2026 is 二零二六."""
    return "".join(DIGITS[int(character)] if character.isascii() and character.isdigit() else character for character in text)


def yuan(amount: int) -> str:
    """An amount without its unit, as pay is spoken: 12000 is 一万二, 8500 is 八千五, 10500 is 一万零五百, 22000 is 两万二."""
    text = number(amount)
    for size, unit in ((10_000, "千"), (1000, "百"), (100, "十")):
        above, rest = divmod(amount, size)
        if rest and rest % (size // 10) == 0 and (above if size == 10_000 else above % 10):  # no zero stands before the last digit
            bare = text.removesuffix(unit)
            return bare.removesuffix("两") + "二" if bare.endswith("两") else bare
    return text


def yuan_range(low: int, high: int) -> str:
    """Two amounts: 10000, 13000 is 一万到一万三; equal ones are said once."""
    return yuan(low) if low == high else f"{yuan(low)}到{yuan(high)}"


def percent(value: float) -> str:
    """16 is 百分之十六, 100 is 百分之百."""
    return "百分之" + ("百" if value == 100 else decimal(value))


def count(value: float, measure: str) -> str:
    """A count before its measure word: 2 and 次 is 两次."""
    return ("两" if value == 2 else decimal(value)) + measure


def count_range(low: float, high: float, measure: str) -> str:
    """1, 3 and 个月 is 一到三个月."""
    return count(high, measure) if low == high else ("两" if low == 2 else decimal(low)) + "到" + decimal(high) + measure


def years(value: float) -> str:
    """0.5 is 半年, 1.5 is 一年半, 2 is 两年."""
    whole, half = int(value), abs(value - int(value) - 0.5) < 0.01
    if half:
        return "半年" if whole == 0 else count(whole, "年半")
    return count(round(value, 1), "年")


def joined(items: Sequence[str], last: str = "和") -> str:
    """甲、乙和丙."""
    return items[0] if len(items) == 1 else "、".join(items[:-1]) + last + items[-1] if items else ""


def clock(hour: int, minute: int = 0) -> str:
    """A time of day: 14:30 is 下午两点半, 9:05 is 上午九点零五分."""
    part = next(
        name for until, name in ((6, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (19, "下午"), (24, "晚上")) if hour < until
    )
    shown = hour - 12 if hour > 12 else hour
    text = part + count(shown, "点")
    if minute == 0:
        return text
    if minute == 30:
        return text + "半"
    if minute == 15:
        return text + "一刻"
    return text + ("零" if minute < 10 else "") + number(minute) + "分"


def day(when: date, today: date) -> str:
    """A day as seen from today: 今天, 后天, 这周五, 下周三, else 十二月三号 (with 明年 or the year where it is another)."""
    distance = (when - today).days
    if 0 <= distance <= 2:
        return ("今天", "明天", "后天")[distance]
    weeks = ((when - timedelta(days=when.weekday())) - (today - timedelta(days=today.weekday()))).days // 7
    if distance > 0 and weeks in (0, 1):
        return ("这周", "下周")[weeks] + WEEKDAYS[when.weekday()]
    return calendar_day(when, today)


def calendar_day(when: date, today: date) -> str:
    """A day by the calendar: 十二月三号, 明年一月五号."""
    year = {0: "", 1: "明年"}.get(when.year - today.year, digits(str(when.year)) + "年")
    return f"{year}{number(when.month)}月{number(when.day)}号"


def moment(when: datetime, now: datetime) -> str:
    """A day and a time: 下周三下午两点."""
    local = when.astimezone(now.tzinfo)
    return day(local.date(), now.date()) + clock(local.hour, local.minute)


def after_days(days: int) -> str:
    """A distance in days as people say it: 0 is 随时, 14 is 两周后, 30 is 一个月后."""
    if days <= 0:
        return "随时"
    if days % 30 == 0:
        return count(days // 30, "个月后")
    if days % 7 == 0:
        return count(days // 7, "周后")
    return count(days, "天后")
