"""Which numbers may be dialled at all: the guard against toll fraud on our side. The dialplan has one of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agi_app.errors import ConfigError, RouteError
from agi_app.telephony.dialplan.patterns import pattern_regex
from agi_app.telephony.server.local_files import SIMULATED_TRUNK

_PHONE = re.compile(r"PJSIP/[A-Za-z][A-Za-z0-9_.-]*")
_SIMULATED = re.compile(rf"PJSIP/\+?[0-9]+@{SIMULATED_TRUNK}(?:-[a-z]+)?")
_THROUGH_A_TRUNK = re.compile(r"PJSIP/(\+?[0-9]+)@[A-Za-z0-9_.-]+|DAHDI/[A-Za-z0-9]+/([0-9]+)")
_HOME = "86"
"""Country code of numbers that are written without one."""
_NATIONAL = 11
"""Digits a number has at most without country code."""


class AllowList:
    """Numbers that may be dialled.

    Args:
        patterns: Asterisk's, over the international form without +.

    Raises:
        ConfigError: one of them is no pattern.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        try:
            self._patterns = [pattern_regex(pattern) for pattern in patterns]
        except ValueError as error:
            raise ConfigError(
                f"a pattern of allowed numbers cannot be used: {error}",
                where="setting trunk.allowed",
                remedy='write it like "861[3-9]XXXXXXXXX"',
            ) from error

    def international(self, number: str) -> str:
        """The international form, without +, of a number that may be dialled.

        Args:
            number: +8613800000001, 8613800000001 or 13800000001.

        Raises:
            ConfigError: this is no number.
            RouteError: it may not be dialled.
        """
        digits = number.removeprefix("+")
        if not (digits.isascii() and digits.isdigit()):
            raise ConfigError("neither a number nor an Asterisk endpoint", remedy="write it like +8613800000001 or PJSIP/alice")
        if not number.startswith("+") and not (digits.startswith(_HOME) and len(digits) > _NATIONAL):
            digits = _HOME + digits
        if not any(pattern.fullmatch(digits) for pattern in self._patterns):
            raise RouteError(
                "this number is not among those that may be dialled",
                where="setting trunk.allowed",
                remedy="if such numbers are to be called, add a pattern for them, here and in dialplan/outbound.conf",
            )
        return digits

    def check_endpoint(self, endpoint: str) -> None:
        """Raise RouteError unless an Asterisk dial string leads to a phone of our own, or to a number that may be dialled.

        A number in it is taken as it is, or as one without country code; never as one with a prefix of its own.
        """
        if _PHONE.fullmatch(endpoint) or _SIMULATED.fullmatch(endpoint):
            return
        found = _THROUGH_A_TRUNK.fullmatch(endpoint)
        if found is None:
            raise RouteError(
                "this endpoint may not be dialled",
                remedy="write a number, PJSIP/PHONE, PJSIP/NUMBER@TRUNK or DAHDI/GROUP/NUMBER",
            )
        self.international(found[1] or found[2])
