"""Which of the trunk's numbers a candidate sees: one from where they live, if there is one. People answer local numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import phonenumbers

from hr_sync.phone import HOME


def choose(caller_ids: Sequence[str], number: str) -> str | None:
    """The caller ID for a number: of the same city, else of the same province, else the first; None when there is none.

    Where a number is at home, mobiles included, is Google's libphonenumber geocoding data.

    Args:
        caller_ids: as the trunk wants them, e.g. 01088886666 or +862166668888.
        number: the candidate's, E.164.
    """
    if len(caller_ids) < 2:
        return caller_ids[0] if caller_ids else None
    home = _home(number)
    return max(caller_ids, key=lambda own: _nearness(_home(own), home))  # the first of equals


@lru_cache(maxsize=4096)
def _home(number: str) -> str:
    """Such as 广东省深圳市, 北京市, 四川省; empty when unknown."""
    from phonenumbers import geocoder  # its data are large, and a trunk with one number does not need them

    try:
        return geocoder.description_for_number(phonenumbers.parse(number, HOME), "zh")
    except phonenumbers.NumberParseException:
        return ""


def _nearness(one: str, other: str) -> int:
    if not one or not other:
        return 0
    return 2 if one == other else 1 if _province(one) == _province(other) else 0


def _province(home: str) -> str:
    for end in ("自治区", "省", "市"):
        if end in home:
            return home.partition(end)[0]
    return home[:2]
