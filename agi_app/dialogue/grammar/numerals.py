"""Arabic numbers as people say them, so that one grammar serves 12000, 1.2万, 12k and 一万二."""

from __future__ import annotations

import re
import unicodedata

_DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_SECTIONS = ("", "万", "亿", "万亿")

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),  # 12,000
    (re.compile(r"(?<!\d)(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)[日号]?"), r"\1年\2月\3日"),
    (re.compile(r"(?<!\d)(\d{1,2})[:](\d{2})(?!\d)"), r"\1点\2分"),
    (re.compile(r"(?<!\d)(\d{1,2})/(\d{1,2})(?!\d)"), r"\1月\2日"),
    (re.compile(r"(\d+(?:\.\d+)?)%"), r"百分之\1"),
    (re.compile(r"(?<=[\dkKwW千万])\s*[-~—–至]+\s*(?=\d)"), "到"),
)


def spoken_integer(number: int) -> str:
    """Read a whole number below 10^16 in full: 10500 → 一万零五百, 10 → 十."""
    if number == 0:
        return "零"
    sections: list[int] = []
    while number:
        number, section = divmod(number, 10_000)
        sections.append(section)
    words = ""
    gap = False
    for index in range(len(sections) - 1, -1, -1):
        section = sections[index]
        if section == 0:
            gap = bool(words)
            continue
        if words and (gap or section < 1000):
            words += "零"
        words += _spoken_section(section) + _SECTIONS[index]
        gap = False
    return words[1:] if words.startswith("一十") else words


def _spoken_section(number: int) -> str:
    words = ""
    gap = False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit == 0:
            gap = bool(words)
            continue
        words += ("零" if gap else "") + _DIGITS[digit] + _UNITS[power]
        gap = False
    return words


def spoken_digits(digits: str) -> str:
    """Read digit by digit: 2026 → 二零二六."""
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _spoken(match: re.Match[str]) -> str:
    whole, _, fraction = match.group().partition(".")
    is_year = len(whole) == 4 and whole[:2] in ("19", "20") and match.string[match.end() : match.end() + 1] == "年"
    if (whole.startswith("0") and len(whole) > 1) or len(whole) > 10 or is_year:
        words = spoken_digits(whole)
    else:
        words = spoken_integer(int(whole))
    return f"{words}点{spoken_digits(fraction)}" if fraction else words


def spell_numbers(text: str) -> str:
    """Normalise full-width forms and spell every Arabic number in `text` out."""
    text = unicodedata.normalize("NFKC", text)
    if not any(character.isdigit() for character in text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return _NUMBER.sub(_spoken, text)
