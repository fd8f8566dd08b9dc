"""Telephone numbers as people write them, into the one notation everything else uses: E.164.

Which numbers exist, and which of them are mobiles, is Google's libphonenumber metadata (`phonenumbers`), not ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult

from hr_sync.errors import InvalidDataError

HOME = "CN"
"""Region of numbers that are written without a country code."""


class PhoneKind(StrEnum):
    """What answers at a number."""

    MOBILE = "mobile"
    LAND_LINE = "land_line"
    EITHER = "either"
    """The country's numbers do not tell, as in the United States."""


class PhoneProblem(StrEnum):
    """Why a number cannot be taken."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    ROUNDED = "rounded"
    SEVERAL = "several"
    EXTENSION = "extension"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_AREA_CODE = "no_area_code"
    FOREIGN = "foreign"
    SERVICE = "service"
    UNASSIGNED = "unassigned"


_WORDS: dict[PhoneProblem, tuple[str, str]] = {
    PhoneProblem.EMPTY: ("there is no number", "enter one"),
    PhoneProblem.NOT_A_NUMBER: (
        "that is no telephone number",
        "enter the digits alone",
    ),
    PhoneProblem.ROUNDED: ("a spreadsheet has rounded the number (1.38E+10)", "format the column as text and enter it again"),
    PhoneProblem.SEVERAL: ("there is more than one number", "keep the one to be called"),
    PhoneProblem.EXTENSION: ("the number has an extension, which cannot be dialled", "enter the direct line or a mobile"),
    PhoneProblem.TOO_SHORT: ("the number is too short", "enter all its digits"),
    PhoneProblem.TOO_LONG: ("the number is too long", "enter one number alone"),
    PhoneProblem.NO_AREA_CODE: ("a land line without its area code", "put the area code before it: 0571…"),
    PhoneProblem.FOREIGN: ("a number of another country", "enter a number at home, or allow numbers of other countries"),
    PhoneProblem.SERVICE: ("a service or company number (such as 400 or 95), not a person's", "enter the person's own number"),
    PhoneProblem.UNASSIGNED: ("no number begins like this", "look for a mistyped digit"),
}


class PhoneError(InvalidDataError):
    """A number that cannot be taken. Neither text nor `where` repeats the number.

    Args:
        problem: why.
    """

    code = "invalid_phone"

    def __init__(self, problem: PhoneProblem, *, where: str | None = None) -> None:
        what, remedy = _WORDS[problem]
        super().__init__(what, where=where, remedy=remedy)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can be dialled."""

    e164: str
    kind: PhoneKind
    region: str
    """ISO 3166 code of the country, `CN`; `001` for numbers of no country."""


_KINDS = {
    PhoneNumberType.MOBILE: PhoneKind.MOBILE,
    PhoneNumberType.FIXED_LINE: PhoneKind.LAND_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: PhoneKind.EITHER,
    PhoneNumberType.PERSONAL_NUMBER: PhoneKind.EITHER,
    PhoneNumberType.VOIP: PhoneKind.EITHER,
}
_LENGTHS = {
    ValidationResult.TOO_SHORT: PhoneProblem.TOO_SHORT,
    ValidationResult.TOO_LONG: PhoneProblem.TOO_LONG,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: PhoneProblem.NO_AREA_CODE,
    ValidationResult.INVALID_LENGTH: PhoneProblem.TOO_SHORT,
    ValidationResult.INVALID_COUNTRY_CODE: PhoneProblem.NOT_A_NUMBER,
}
_PARSING = {
    NumberParseException.TOO_SHORT_AFTER_IDD: PhoneProblem.TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: PhoneProblem.TOO_SHORT,
    NumberParseException.TOO_LONG: PhoneProblem.TOO_LONG,
}
_FLOAT = re.compile(r"\d{7,}\.0+")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
_EXTENSION = re.compile(r"转|分机|ext|#|(?<=\d)\s*x\s*\d{1,6}$", re.IGNORECASE)
_SEPARATOR = re.compile(r"[/、;；,，|\n]|\s{2,}|或|和")
_LABEL = re.compile(r"^\s*(?:手机号码?|手机|电话号码?|电话|联系方式|联系电话|tel|mobile|phone)\s*[:：]?\s*", re.IGNORECASE)
_MOBILE_START = re.compile(r"1[3-9]")
_MOBILE_DIGITS = 11
_LOCAL_DIGITS = {7, 8}
"""Of a land line in mainland China without its area code."""
_LONGEST = 60
"""Characters; whatever is longer was never one number."""


def parse(text: str, region: str = HOME, *, foreign: bool = False) -> Phone:
    """Read a number as people write it: 138 0000 0001, (0571)8888-1234, +86 …, 0086…, in full-width digits.

    Args:
        text: the number alone.
        region: ISO 3166 code of the country whose numbers stand without a country code.
        foreign: whether numbers of other countries are taken as well.

    Raises:
        PhoneError: `problem` tells why.
    """
    return _parse(text.strip(), region, foreign)


@lru_cache(maxsize=4096)
def _parse(text: str, region: str, foreign: bool) -> Phone:
    text = _LABEL.sub("", text)
    if not text:
        raise PhoneError(PhoneProblem.EMPTY)
    if len(text) > _LONGEST:
        raise PhoneError(PhoneProblem.NOT_A_NUMBER)
    if _FLOAT.fullmatch(text):  # a number cell that went through a program which knows floats alone
        text = text.partition(".")[0]
    if _SCIENTIFIC.fullmatch(text):
        raise PhoneError(PhoneProblem.ROUNDED)
    if len([part for part in _SEPARATOR.split(text) if sum(map(str.isdigit, part)) >= 7]) > 1:
        raise PhoneError(PhoneProblem.SEVERAL)
    if _EXTENSION.search(text):
        raise PhoneError(PhoneProblem.EXTENSION)
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        raise PhoneError(_PARSING.get(error.error_type, PhoneProblem.NOT_A_NUMBER)) from None  # not chained: it quotes the number
    return _checked(number, region, foreign=foreign)


def _checked(number: phonenumbers.PhoneNumber, region: str, *, foreign: bool) -> Phone:
    at_home = number.country_code == phonenumbers.country_code_for_region(region)
    if not at_home and not foreign:
        raise PhoneError(PhoneProblem.FOREIGN)
    length = phonenumbers.is_possible_number_with_reason(number)
    if length != ValidationResult.IS_POSSIBLE:
        raise PhoneError(_LENGTHS[length])
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        raise PhoneError(_nearest(number))
    if kind not in _KINDS:
        raise PhoneError(PhoneProblem.SERVICE)
    return Phone(
        e164=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        kind=_KINDS[kind],
        region=phonenumbers.region_code_for_number(number) or "001",
    )


def _nearest(number: phonenumbers.PhoneNumber) -> PhoneProblem:
    """What most probably went wrong with a number that nobody has: the metadata's lengths for China are too wide to tell."""
    digits = phonenumbers.national_significant_number(number)
    if number.country_code == phonenumbers.country_code_for_region(HOME):
        if _MOBILE_START.match(digits) and len(digits) != _MOBILE_DIGITS:
            return PhoneProblem.TOO_SHORT if len(digits) < _MOBILE_DIGITS else PhoneProblem.TOO_LONG
        if len(digits) in _LOCAL_DIGITS:
            return PhoneProblem.NO_AREA_CODE
    return PhoneProblem.UNASSIGNED
