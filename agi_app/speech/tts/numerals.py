"""Numbers as a Mandarin speaker says them. Pure functions, digits in, hanzi out."""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_SECTIONS = ("", "万", "亿", "万亿")


def cardinal(digits: str) -> str:
    """An amount: 12000 → 一万两千, 10500 → 一万零五百, 16 → 十六, 2 → 二.

    两 stands before 千, 万 and 亿 (and 百, as most speakers say it); a lone 2 stays 二, what is counted decides it
    (`counted`). More than 16 digits are read one by one.
    """
    digits = digits.lstrip("0") or "0"
    if len(digits) > 16:
        return spelled(digits)
    if digits == "0":
        return "零"
    sections: list[int] = []
    rest = int(digits)
    while rest:
        rest, section = divmod(rest, 10_000)
        sections.append(section)
    spoken = ""
    gap = False
    for index in range(len(sections) - 1, -1, -1):
        section = sections[index]
        if section == 0:
            gap = bool(spoken)
            continue
        if spoken and (gap or section < 1000):
            spoken += "零"
        spoken += _section(section, leading=not spoken, unit=_SECTIONS[index])
        gap = False
    return spoken


def _section(number: int, *, leading: bool, unit: str) -> str:
    """Four digits and the unit that follows them."""
    if number == 2 and unit:
        return "两" + unit
    spoken = ""
    gap = False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit == 0:
            gap = bool(spoken)
            continue
        if gap:
            spoken += "零"
            gap = False
        if digit == 1 and place == 1 and leading and not spoken:
            spoken += "十"
        elif digit == 2 and place >= 2:
            spoken += "两" + _UNITS[place]
        else:
            spoken += DIGITS[digit] + _UNITS[place]
    return spoken + unit


def counted(digits: str) -> str:
    """An amount directly before what is counted: 2个 → 两个, 12个 → 十二个."""
    return "两" if digits.lstrip("0") == "2" else cardinal(digits)


def decimal(number: str) -> str:
    """A number with or without a decimal point: 16.5 → 十六点五."""
    whole, _, fraction = number.partition(".")
    return cardinal(whole) + ("点" + spelled(fraction) if fraction else "")


def spelled(digits: str) -> str:
    """Digit by digit, for years and codes: 2026 → 二零二六."""
    return "".join(DIGITS[int(digit)] for digit in digits)


def telephone(digits: str) -> str:
    """Digit by digit with 幺 for 1, as numbers are read out on the phone, in groups with a short pause."""
    sizes = [len(digits) % 4 or 4]
    if len(digits) == 11 and digits.startswith("1"):  # mobile
        sizes = [3]
    elif digits.startswith(("400", "800")):  # service numbers
        sizes = [3, 3]
    elif digits.startswith("0"):  # area code: three digits for the largest cities, else four
        sizes = [3] if digits[1] in "12" else [4]
    groups = []
    while digits:
        size = sizes.pop(0) if sizes else 4
        groups.append(digits[:size])
        digits = digits[size:]
    return "、".join(spelled(group).replace("一", "幺") for group in groups)


def colloquial(thousands: str) -> str:
    """An amount given in thousands, as pay is talked about: 8 → 八千, 12 → 一万二, 10.5 → 一万零五百, 15.5 → 一万五千五百."""
    whole, _, fraction = thousands.partition(".")
    amount = int(whole) * 1000 + int((fraction + "000")[:3])
    if amount > 10_000 and amount % 10_000 and amount % 1000 == 0 and amount < 100_000:
        return cardinal(str(amount // 10_000 * 10_000)) + DIGITS[amount % 10_000 // 1000]
    return cardinal(str(amount))
