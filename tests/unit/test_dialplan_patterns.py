"""Asterisk's patterns, and the numbers that may be dialled at all."""

from __future__ import annotations

import pytest

from agi_app.config import TrunkSettings
from agi_app.errors import ConfigError, RouteError
from agi_app.telephony.allow_list import AllowList
from agi_app.telephony.dialplan.patterns import matches


@pytest.mark.parametrize(
    ("pattern", "number", "fits"),
    [
        ("8613800000001", "8613800000001", True),
        ("861", "8613800000001", False),
        ("_861[3-9]XXXXXXXXX", "8613800000001", True),
        ("_861[3-9]XXXXXXXXX", "8612800000001", False),
        ("_861[3-9]XXXXXXXXX", "86138000000011", False),
        ("_NZX", "219", True),
        ("_NZX", "119", False),
        ("_NZX", "209", False),
        ("_nzx", "219", True),
        ("_00.", "001", True),
        ("_00.", "00", False),
        ("_00!", "00", True),
        ("_9-138X", "91380", True),
        ("_[135-7]", "6", True),
        ("_[135-7]", "4", False),
        ("_+86.", "+861", True),
        ("_*X", "*1", True),
        ("_[+0-9]!", "+8613800000001", True),
    ],
)
def test_a_pattern_stands_for_these_numbers(pattern: str, number: str, fits: bool) -> None:
    assert matches(pattern, number) is fits


@pytest.mark.parametrize(("pattern", "why"), [("_", "empty"), ("_1[3", "closed"), ("_1.2", "follow"), ("_[9-1]", "backwards")])
def test_what_is_no_pattern_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        matches(pattern, "1")


ALLOWED = AllowList(TrunkSettings().allowed)


@pytest.mark.parametrize(
    ("written", "international"),
    [
        ("+8613800000001", "8613800000001"),
        ("8613800000001", "8613800000001"),
        ("13800000001", "8613800000001"),
        ("+862160000000", "862160000000"),
        ("+861060000000", "861060000000"),
        ("+867556000000", "867556000000"),
        ("+8675560000000", "8675560000000"),
    ],
)
def test_chinese_numbers_may_be_dialled(written: str, international: str) -> None:
    assert ALLOWED.international(written) == international


@pytest.mark.parametrize(
    "number",
    [
        "+8816000000000",  # satellite
        "+12025550100",
        "+861380000000",  # a digit too few
        "+86138000000011",
        "0013800000001",  # the same digits behind an international prefix
        "00138000000011",
        "+8612800000001",
        "95588",
        "110",
        "+8604001234567",
    ],
)
def test_other_numbers_are_refused(number: str) -> None:
    with pytest.raises(RouteError, match="not among those"):
        ALLOWED.international(number)


@pytest.mark.parametrize("text", ["somewhere", "", "+", "１３８００００００００1", "138-0000-0001"])
def test_what_is_no_number_is_told_apart(text: str) -> None:
    with pytest.raises(ConfigError, match="neither a number"):
        ALLOWED.international(text)


@pytest.mark.parametrize(
    "endpoint",
    [
        "PJSIP/alice",
        "PJSIP/13800000001@carrier",
        "PJSIP/8613800000001@carrier",
        "PJSIP/+8613800000001@ims",
        "DAHDI/g1/13800000001",
        "PJSIP/1@simulated",
    ],
)
def test_endpoints_that_may_be_dialled(endpoint: str) -> None:
    ALLOWED.check_endpoint(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "PJSIP/0013800000001@carrier",
        "PJSIP/12025550100@carrier",
        "PJSIP/+13800000001@carrier",  # the plus makes it foreign
        "PJSIP/alice/sip:0012025550100@carrier.example",
        "PJSIP/carrier/sip:12025550100@carrier.example",
        "PJSIP/12025550100@carrier@simulated",
        "Local/12025550100@outbound",
        "DAHDI/g1/0012025550100",
        "SIP/13800000001",
        "PJSIP/13800000001@carrier&PJSIP/0012025550100@carrier",
        "/13800000001",
    ],
)
def test_endpoints_that_lead_elsewhere_are_refused(endpoint: str) -> None:
    with pytest.raises(RouteError):
        ALLOWED.check_endpoint(endpoint)


def test_a_setting_that_is_no_pattern_is_named() -> None:
    with pytest.raises(ConfigError, match="backwards") as caught:
        AllowList(["86[9-1]X"])
    assert caught.value.where == "setting trunk.allowed"
