"""Cells as people fill them, into the values of records. Each reader takes a cell and raises CellError."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hr_sync.imports.problems import CellError
from hr_sync.imports.words import AMOUNTS, CHANNELS, DEGREES, FALSE, REASONS, SECTORS, STATUSES, TRUE
from hr_sync.phone import PhoneError, parse

Cell = Any
"""What a file holds at one place: text, a number, a date, in JSON also a list or an object."""
Reader = Callable[[Cell], Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Zone of times that are written without one."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LONGEST = 20_000
"""Characters of a cell; what is longer belongs into a file of its own."""
_YEARS = (1900, 2100)


def text(cell: Cell) -> str:
    """Words, trimmed. A spreadsheet's numbers lose the `.0` they were given."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, (list, dict)):
        raise CellError("a list or object where one value belongs", "write one value")
    words = str(cell).strip()
    if len(words) > _LONGEST:
        raise CellError(f"the cell holds {len(words):,} characters", f"keep it below {_LONGEST:,}")
    if words.startswith("="):
        raise CellError("the cell holds a formula, not a value", "paste its value (Paste special, values)")
    if _CONTROL.search(words):
        raise CellError("the cell holds control characters", "delete and type it again")
    return words


def phone(cell: Cell) -> str:
    """A telephone number as E.164."""
    try:
        return parse(text(cell)).e164
    except PhoneError as error:
        raise CellError(error.what, error.remedy or "") from None


_MAIL = re.compile(r"[^@\s,;]{1,64}@[^@\s,;]{1,190}\.[A-Za-z]{2,24}")


def email(cell: Cell) -> str:
    """One mail address."""
    address = unicodedata.normalize("NFKC", text(cell))
    if not _MAIL.fullmatch(address):
        raise CellError("that is no mail address", "name@domain, one alone")
    return address


_BRACKETS = re.compile(r"[（(\[【][^）)\]】]*[）)\]】]")


def _choice(words: Mapping[str, str], kind: str, listed: str) -> Reader:
    def read(cell: Cell) -> str:
        given = unicodedata.normalize("NFKC", text(cell)).casefold()
        for form in (given, given.replace(" ", ""), _BRACKETS.sub("", given).strip()):
            if form in words:
                return str(words[form])
        raise CellError(f"that is no {kind}", f"one of {listed}; other words: `values` in the mapping file")

    return read


degree = _choice(DEGREES, "degree", "初中, 高中, 中专, 大专, 本科, 硕士, 博士")
status = _choice(STATUSES, "employment status", "在职, 离职, 学生")
sector = _choice(SECTORS, "sector", "企业 (private), 事业单位 (public)")
reason = _choice(REASONS, "reason", "candidate_asked, hr_decided, regulation")


def overtime(cell: Cell) -> str:
    """How much overtime: none, rare, sometimes, often."""
    return _listed(cell, AMOUNTS, "不加班, 很少, 偶尔, 经常")


def channel(cell: Cell) -> str:
    """How a contact was made: phone, sms, mail, meeting, web."""
    return _listed(cell, CHANNELS, "电话, 短信, 邮件, 面谈, 网站")


def _listed(cell: Cell, listed: Mapping[str, str], remedy: str) -> str:
    word = text(cell).casefold()
    if word not in listed:
        raise CellError("that word is not known here", f"one of {remedy}")
    return listed[word]


def statuses(cell: Cell) -> list[str]:
    """A list of employment statuses."""
    return [status(item) for item in words(cell)]


def truth(cell: Cell) -> bool:
    """Yes or no."""
    word = text(cell).casefold()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise CellError("that is neither yes nor no", "是 or 否")


_SPLIT = re.compile(r"[、;；,，|\n]+|\s{2,}")


def words(cell: Cell) -> list[str]:
    """A list: 、 ; , | or line breaks part its items. Doubles are dropped, the order stays."""
    items = cell if isinstance(cell, list) else _SPLIT.split(text(cell))
    return list(dict.fromkeys(item for item in map(text, items) if item))


_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2})\s*日?|\s*月?)")
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})?")
_SERIAL_ZERO = date(1899, 12, 30)
"""Day 0 of spreadsheets, which hold 1900 for a leap year."""
_SERIALS = range(10_000, 80_000)


def day(cell: Cell) -> str:
    """A day as ISO 8601: 2026-12-01, 2026/12/1, 2026年12月, 20261201, a spreadsheet's serial. Without a day: the first."""
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return _checked(cell.year, cell.month, cell.day)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and int(cell) in _SERIALS:
        return (_SERIAL_ZERO + timedelta(days=int(cell))).isoformat()
    given = unicodedata.normalize("NFKC", text(cell)).partition("T")[0].partition(" 00:00")[0]
    found = _DAY.fullmatch(given) or _COMPACT_DAY.fullmatch(given)
    if found is None:
        raise CellError("that is no date", "write it as 2026-12-01")
    return _checked(int(found[1]), int(found[2]), int(found[3] or 1))


def _checked(year: int, month: int, number: int) -> str:
    try:
        found = date(year, month, number)
    except ValueError:
        raise CellError("there is no such day in the calendar", "correct the date") from None
    if not _YEARS[0] <= year < _YEARS[1]:
        raise CellError(f"the year is not between {_YEARS[0]} and {_YEARS[1]}", "correct the date")
    return found.isoformat()


def birth_day(cell: Cell) -> str:
    """A day of birth: a whole date of someone who may work. Year and month alone do not decide an age."""
    given = day(cell)
    if isinstance(cell, str) and len(re.findall(r"\d+", cell)) == 2:
        raise CellError("the day is missing", "write the whole date of birth")
    if not date(1926, 1, 1) <= date.fromisoformat(given) <= datetime.now(SHANGHAI).date() - timedelta(days=16 * 365):
        raise CellError("nobody of that age applies", "correct the date of birth")
    return given


def moment(cell: Cell) -> str:
    """A moment as ISO 8601 with offset; without one, time at Shanghai; a day alone is its noon."""
    if isinstance(cell, datetime):
        found = cell
    else:
        given = unicodedata.normalize("NFKC", text(cell)) if not isinstance(cell, date) else cell.isoformat()
        try:
            found = datetime.fromisoformat(given.replace("/", "-"))
        except ValueError:
            found = datetime.fromisoformat(f"{day(given)}T12:00:00")
        else:
            found = found.replace(hour=12) if len(given) <= len("2026-12-01") else found
    if not _YEARS[0] <= found.year < _YEARS[1]:
        raise CellError(f"the year is not between {_YEARS[0]} and {_YEARS[1]}", "correct the time")
    return (found if found.tzinfo else found.replace(tzinfo=SHANGHAI)).astimezone(UTC).isoformat()


_AMOUNT = re.compile(r"[¥￥]?\s*(\d[\d,]*(?:\.\d+)?)\s*(k|千|w|万)?\s*(?:元|块|rmb)?(?:\s*/?\s*(?:每?月|month))?")
_RANGE = re.compile(r"(.+?)\s*(?:-|~|—|–|到|至)\s*(.+)")
_SCALE = {"k": 1000, "千": 1000, "w": 10_000, "万": 10_000}


def _amount(given: str, scale: str | None = None) -> int:
    if given.startswith("-"):
        raise CellError("the pay is negative", "correct the amount")
    found = _AMOUNT.fullmatch(given.strip())
    if found is None:
        raise CellError("that is no amount of money", "yuan a month: 12000, 12k or 1.2万")
    return round(float(found[1].replace(",", "")) * _SCALE.get(found[2] or scale or "", 1))


def yuan(cell: Cell) -> int:
    """Whole yuan: 12000, 12,000, 12k, 1.2万."""
    return _amount(unicodedata.normalize("NFKC", text(cell)).casefold())


def money_range(cell: Cell) -> dict[str, int]:
    """Two amounts: 10000-13000, 10k-13k, 1-1.3万; one amount is both."""
    if isinstance(cell, dict):
        return {str(key): yuan(value) for key, value in cell.items()}
    given = unicodedata.normalize("NFKC", text(cell)).casefold()
    found = None if given.startswith("-") else _RANGE.fullmatch(given)
    if found is None:
        return {"min": _amount(given), "max": _amount(given)}
    scale = re.search(r"[k千w万]", found[2])
    low = _amount(found[1], scale[0] if scale else None)
    high = _amount(found[2])
    if low > high:
        raise CellError("the lower bound is above the upper", "swap them")
    return {"min": low, "max": high}


_NUMERALS = {"半": 0.5, "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_YEARS_TEXT = re.compile(
    r"(\d+(?:\.\d+)?|[一两二三四五六七八九十半])\s*(个月|年|years?|y)?(?:半)?(?:以上|\+|多)?(?:工作)?(?:经验|经历)?"
)
_FRESH = {"应届", "应届生", "应届毕业生", "无", "无经验", "在校生", "在读"}


def years(cell: Cell) -> float:
    """Years of work: 3, 3年, 三年, 3年以上, 18个月, 3-5年 (the lower bound), 应届 (0)."""
    given = unicodedata.normalize("NFKC", text(cell)).casefold().replace(" ", "")
    if given in _FRESH:
        return 0.0
    span = re.fullmatch(r"(\d+)[-~到至](\d+)(年.*)?", given)
    found = _YEARS_TEXT.fullmatch(span[1] if span else given)
    if found is None:
        raise CellError("that is no number of years", "write it as 3 or 3.5")
    number = _NUMERALS[found[1]] if found[1] in _NUMERALS else float(found[1])
    number = number / 12 if found[2] == "个月" else number + (0.5 if "年半" in given else 0)
    return round(number, 2)


def number(cell: Cell) -> int | float:
    """A plain number; 16% is 16."""
    given = unicodedata.normalize("NFKC", text(cell)).replace(",", "").removesuffix("%").strip()
    try:
        found = float(given)
    except ValueError:
        raise CellError("that is no number", "write digits alone") from None
    if found != found or abs(found) == float("inf"):
        raise CellError("that is no number", "write digits alone")
    return int(found) if found.is_integer() else found


def document(cell: Cell) -> Cell:
    """A list or object: as such in JSON, as JSON text in a table."""
    if isinstance(cell, (list, dict)):
        return cell
    try:
        return json.loads(text(cell))
    except (json.JSONDecodeError, RecursionError):
        raise CellError("that is no JSON", "write it as [{…}] or {…}") from None


_PAIR = re.compile(r"([^:：=]+)[:：=]\s*(.+)")


def amounts(cell: Cell) -> dict[str, int]:
    """Names with amounts: 餐补:400;交通:200."""
    if isinstance(cell, dict):
        return {text(name): yuan(amount) for name, amount in cell.items()}
    found = {}
    for item in _SPLIT.split(text(cell)):
        pair = _PAIR.fullmatch(item.strip())
        if pair is None:
            raise CellError("that is no list of names with amounts", "write it as 餐补:400;交通:200")
        found[pair[1].strip()] = yuan(pair[2])
    return found
