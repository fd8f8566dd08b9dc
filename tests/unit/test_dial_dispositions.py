"""What the network said, and what it comes to."""

import pytest

from agi_app.telephony.dispositions import CAUSES, SIP, classify
from hr_sync.records import Disposition as D


@pytest.mark.parametrize(
    ("sip", "cause", "disposition"),
    [
        (486, 17, D.BUSY),
        (600, 17, D.BUSY),
        (603, 21, D.REJECTED),
        (403, 21, D.TRUNK_FAILED),
        (404, 1, D.INVALID_NUMBER),
        (484, 28, D.INVALID_NUMBER),
        (480, 19, D.NO_ANSWER),
        (408, 18, D.NO_ANSWER),
        (503, 34, D.TRUNK_FAILED),
        (500, 38, D.TRUNK_FAILED),
        (504, 102, D.UNREACHABLE),
        (302, 127, D.TRUNK_FAILED),
        (499, 127, D.TRUNK_FAILED),
        (599, 127, D.TRUNK_FAILED),
        (699, 127, D.UNREACHABLE),
        (None, 17, D.BUSY),
        (None, 20, D.UNREACHABLE),
        (0, 21, D.REJECTED),
        (None, 127, D.TRUNK_FAILED),
    ],
)
def test_classify(sip: int | None, cause: int, disposition: D) -> None:
    verdict = classify(sip, cause, sign_of_life=True)
    assert verdict.disposition is disposition
    assert str(sip or cause) in verdict.evidence


def test_a_timeout_without_any_sign_of_life_is_the_trunk() -> None:
    assert classify(408, 18, sign_of_life=False).disposition is D.TRUNK_FAILED


def test_the_dial_status_decides_only_when_nothing_else_does() -> None:
    assert classify(None, None, sign_of_life=False, dial_status="BUSY").disposition is D.BUSY
    assert classify(404, 1, sign_of_life=False, dial_status="BUSY").disposition is D.INVALID_NUMBER
    assert classify(None, None, sign_of_life=False).disposition is D.TRUNK_FAILED


def test_the_tables_hold_only_what_a_network_can_decide() -> None:
    network = {D.BUSY, D.NO_ANSWER, D.REJECTED, D.INVALID_NUMBER, D.UNREACHABLE, D.TRUNK_FAILED}
    assert {disposition for table in (SIP, CAUSES) for disposition, _ in table.values()} <= network
