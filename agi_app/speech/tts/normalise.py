"""Written Mandarin to what is said: numbers, money, dates, times, units and symbols become hanzi; Latin words stay for the
lexicon. Pure functions: the same text gives the same result, nothing raises on odd text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from agi_app.speech.tts.numerals import cardinal, colloquial, counted, decimal, spelled, telephone

Match = re.Match[str]


@dataclass(frozen=True, slots=True)
class Normalised:
    """Text as it is to be read."""

    text: str
    """Hanzi, Latin words, and the marks ，。？！、；："""
    dropped: int = 0
    """Characters nobody can read aloud that were left out: emoji, other scripts, control characters."""


_NUM = r"\d+(?:\.\d+)?"
_AMOUNT = rf"(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|{_NUM})"
_TO = r"\s*(?:-|~|–|—{1,2}|到|至)\s*"
_COUNTED = (
    "个半?月|个|年|天|次|位|人|名|轮|份|倍|周|小时|分钟|家|种|条|项|点|门|岁|届|套|班|场|封|句|遍|部|台|级|层|万|亿|千|百|元|块|"
    "公里|千米|米|公斤|斤|档|组|类|期|成|度"
)
"""Words before which 2 is 两. 2月, 2号, 2日, 2楼 keep 二."""

_CURRENCY = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_UNITS = {
    "km/h": "公里每小时",
    "km": "公里",
    "m2": "平方米",
    "cm": "厘米",
    "kg": "公斤",
    "℃": "摄氏度",
    "°C": "摄氏度",
    "min": "分钟",
    "h": "小时",
    "m": "米",
}
_SYMBOLS = {
    "&": "和",
    "+": "加",
    "=": "等于",
    "×": "乘",
    "÷": "除以",
    "@": "艾特",
    "°": "度",
    "<": "小于",
    ">": "大于",
}
_MARKS = {
    ",": "，",
    ".": "。",
    "?": "？",
    "!": "！",
    ";": "；",
    ":": "：",
    "(": "，",
    ")": "，",
    "[": "，",
    "]": "，",
    "【": "，",
    "】": "，",
    "…": "。",
    "—": "，",
    "–": "，",
    "|": "，",
    "\n": "。",
    "/": "、",
}
_QUIET = set("\"'“”‘’「」『』《》〈〉*_`^#~·•-\\{}$￥¥€£ \t\r\u3000\ufe0f\u200b\u200d\ufeff")
"""Left out without a word: they carry nothing for the ear."""
_SPOKEN_MARKS = "，。？！、；："


def _date(m: Match) -> str:
    day = f"{cardinal(m['d'])}日" if m["d"] else ""
    return f"{spelled(m['y'])}年{cardinal(m['m'])}月{day}"


def _clock(hour: str, minute: str) -> str:
    spoken = counted(hour) + "点"
    value = int(minute)
    if value == 0:
        return spoken
    if value == 30:
        return spoken + "半"
    return spoken + ("零" if value < 10 else "") + cardinal(minute) + "分"


def _percent(m: Match) -> str:
    per = "百分之" if m["sign"] == "%" else "千分之"
    low = per + decimal(m["a"])
    return f"{low}到{per}{decimal(m['b'])}" if m["b"] else low


def _plain(amount: str) -> str:
    return amount.replace(",", "")


def _money(m: Match) -> str:
    low, high, scale = _plain(m["a"]), m["b"] and _plain(m["b"]), m["scale"] or ""
    unit = _CURRENCY[m["sign"]]
    spoken = decimal(low) if not scale else _before(low, scale)
    return f"{spoken}到{_before(high, scale or unit)}{scale}{unit}" if high else f"{spoken}{scale}{unit}"


def _before(number: str, what: str) -> str:
    """A number in front of what it counts."""
    if "." not in number and what and re.match(rf"(?:{_COUNTED})", what):
        return counted(number)
    return decimal(number)


def _thousands(m: Match) -> str:
    say = colloquial if m["unit"] in "kK" else _ten_thousands
    high = f"到{say(m['b'])}" if m["b"] else ""
    return say(m["a"]) + high


def _ten_thousands(number: str) -> str:
    return _before(number, "万") + "万"


def _range(m: Match) -> str:
    unit = m["unit"] or ""
    low, high = _plain(m["a"]), _plain(m["b"])
    # 2-3年 is 两到三年: both ends count the same thing.
    return f"{_before(low, unit)}到{_before(high, unit)}{unit}"


def _year(m: Match) -> str:
    return spelled(m["y"]) + m["unit"]


def _ordinal(m: Match) -> str:
    return m["lead"] + cardinal(m["n"])


def _number(m: Match) -> str:
    sign = "负" if m["sign"] else ""
    number = _plain(m["n"])
    if "." not in number and (len(number) > 8 or (len(number) > 1 and number.startswith("0"))):
        return sign + spelled(number)
    return sign + _before(number, m["unit"] or "") + (m["unit"] or "")


def _code(m: Match) -> str:
    return m["what"] + spelled(m["n"])


def _phone(m: Match) -> str:
    return telephone(re.sub(r"\D", "", m["n"]))


def _unit(m: Match) -> str:
    return m["n"] + _UNITS[m["unit"]]


_YEAR = r"(?:19|20)\d{2}"
_RULES: tuple[tuple[re.Pattern[str], Callable[[Match], str]], ...] = tuple(
    (re.compile(pattern), replace)
    for pattern, replace in (
        # 2026-03-05, 2026/3/5, 2026.3.5, 2026年3月5日, 2026-03
        (rf"(?<!\d)(?P<y>{_YEAR})(?:-|/|\.|年)(?P<m>1[0-2]|0?[1-9])(?:-|/|\.|月)(?P<d>3[01]|[12]\d|0?[1-9])(?!\d)[日号]?", _date),
        (rf"(?<!\d)(?P<y>{_YEAR})(?:-|/)(?P<m>1[0-2]|0[1-9])(?P<d>)(?![\d-])", _date),
        # 下午14:30: the part of the day tells, so the hour is said on the twelve-hour clock
        (
            r"(?P<part>下午|傍晚|晚上|晚)\s*(?P<h>1[3-9]|2[0-3]):(?P<m>[0-5]\d)(?::[0-5]\d)?(?!\d)",
            lambda m: m["part"] + _clock(str(int(m["h"]) - 12), m["m"]),
        ),
        # 9:00-18:00, 14:30
        (
            rf"(?<!\d)(?P<h>2[0-4]|[01]?\d):(?P<m>[0-5]\d)(?::[0-5]\d)?{_TO}(?P<h2>2[0-4]|[01]?\d):(?P<m2>[0-5]\d)(?!\d)",
            lambda m: f"{_clock(m['h'], m['m'])}到{_clock(m['h2'], m['m2'])}",
        ),
        (r"(?<!\d)(?P<h>2[0-4]|[01]?\d):(?P<m>[0-5]\d)(?::[0-5]\d)?(?!\d)", lambda m: _clock(m["h"], m["m"])),
        # +86 138 0000 0000, 010-12345678, 400-123-4567
        (r"(?<![\dA-Za-z.])(?:\+?86[- ]?)?(?P<n>1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?!\d)", _phone),
        (r"(?<![\dA-Za-z.])(?P<n>(?:0\d{2,3}|400|800)-\d{3,4}-?\d{4})(?!\d)", _phone),
        # 16%, 8%-10%, 5-8%
        (rf"(?P<a>{_NUM})(?:%)?{_TO}(?P<b>{_NUM})\s*(?P<sign>[%‰])", _percent),
        (rf"(?P<a>{_NUM})(?P<b>)\s*(?P<sign>[%‰])", _percent),
        # ¥8,000-10,000, $3万
        (rf"(?P<sign>[¥￥$€£])\s*(?P<a>{_AMOUNT})(?:{_TO}[¥￥$€£]?(?P<b>{_AMOUNT}))?(?P<scale>[千万亿])?(?:元|美元)?", _money),
        # 8k-12k, 8-12k, 1.2w
        (rf"(?P<a>{_NUM})[kKwW]?{_TO}(?P<b>{_NUM})(?P<unit>[kKwW])(?![A-Za-z])", _thousands),
        (rf"(?P<a>{_NUM})(?P<b>)(?P<unit>[kKwW])(?![A-Za-z])", _thousands),
        # 20km, 35℃
        (r"(?P<n>\d)\s*(?P<unit>km/h|km|m2|cm|kg|℃|°C|min|h|m)(?![A-Za-z])", _unit),
        # 12000元/月
        (r"(?<=[元万千百kKwW块\d])/(?P<unit>年|月|天|日|周|小时|次|人|个|位)", lambda m: f"每{m['unit']}"),
        # 工号007, 验证码1234
        (
            r"(?P<what>(?:邮编|工号|编号|尾号|验证码|分机|房间|航班|车牌)[号码是为:：]{0,2})(?P<n>\d+)",
            lambda m: m["what"] + spelled(m["n"]),
        ),
        # 7x24, 3*5
        (r"(?P<a>\d+)\s*[x*×]\s*(?P<b>\d+)", lambda m: f"{cardinal(m['a'])}乘{cardinal(m['b'])}"),
        # 2026年, 2024届, 2019级
        (rf"(?<!\d)(?P<y>{_YEAR})(?P<unit>年(?!限|薪|费|来)|届|级)", _year),
        # 第2轮
        (r"(?P<lead>第)(?P<n>\d+)", _ordinal),
        # 1.2万-1.5万
        (
            rf"(?P<a>{_NUM})(?P<scale>[万千])元?{_TO}(?P<b>{_NUM})(?P<scale2>[万千])",
            lambda m: f"{_before(m['a'], m['scale'])}{m['scale']}到{_before(m['b'], m['scale2'])}{m['scale2']}",
        ),
        # 8000-10000元, 3-5年
        (rf"(?<![\d.-])(?P<a>{_AMOUNT}){_TO}(?P<b>{_AMOUNT})(?P<unit>{_COUNTED})?(?![\d-])", _range),
        # 1:3
        (r"(?P<a>\d+):(?P<b>\d+)", lambda m: f"{cardinal(m['a'])}比{cardinal(m['b'])}"),
        # 2/3
        (r"(?<!\d)(?P<a>[1-9]\d?)/(?P<b>[2-9]|10)(?!\d)", lambda m: f"{cardinal(m['b'])}分之{cardinal(m['a'])}"),
        # everything else
        (rf"(?P<sign>(?<![\w)])-)?(?P<n>{_AMOUNT})(?P<unit>{_COUNTED})?", _number),
    )
)

_LATIN = re.compile(r"[A-Za-z]+(?:[.'+#-]*[A-Za-z])*(?:\+\+|#)?")


def normalise(text: str) -> Normalised:
    """Turn written text into what is said.

    Args:
        text: one or more sentences of Mandarin with digits, symbols and Latin words in any width.
    """
    # NFKC makes full-width forms half-width; the marks come back as Chinese ones at the end.
    text = unicodedata.normalize("NFKC", text.replace("…", "。").replace("㎡", "m2"))
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    kept: list[str] = []
    dropped = 0
    position = 0
    while position < len(text):
        if word := _LATIN.match(text, position):
            kept.append(word.group())
            position = word.end()
            continue
        char = text[position]
        position += 1
        if _is_hanzi(char) or char in _SPOKEN_MARKS:
            kept.append(char)
        elif char in _MARKS:
            kept.append(_MARKS[char])
        elif char in _SYMBOLS:
            kept.append(_SYMBOLS[char])
        elif char in _QUIET:
            kept.append(" ")
        else:
            dropped += 1
    return Normalised(_tidy("".join(kept)), dropped)


def _tidy(text: str) -> str:
    """Blanks only between Latin words, one mark where several met (the strongest), none at the front."""
    text = re.sub(r"(?<![A-Za-z]) +| +(?![A-Za-z])", "", text)
    text = re.sub(rf"[{_SPOKEN_MARKS}]{{2,}}", lambda m: max(m.group(), key="、：，；。！？".index), text)
    return text.lstrip("，。、；：！？").strip()


def _is_hanzi(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" or char == "〇"
