"""What the network said, and what it comes to."""

import pytest

from agi_app.telephony.dispositions import CAUSES, SIP, classify
from hr_sync.records import Disposition


@pytest.mark.parametrize(
    ("sip", "cause", "disposition"),
    [
        (486, 17, Disposition.BUSY),
        (600, 17, Disposition.BUSY),
        (603, 21, Disposition.REJECTED),
        (403, 21, Disposition.TRUNK_FAILED),
        (404, 1, Disposition.INVALID_NUMBER),
        (484, 28, Disposition.INVALID_NUMBER),
        (480, 19, Disposition.NO_ANSWER),
        (408, 18, Disposition.NO_ANSWER),
        (503, 34, Disposition.TRUNK_FAILED),
        (500, 38, Disposition.TRUNK_FAILED),
        (504, 102, Disposition.UNREACHABLE),
        (302, 127, Disposition.TRUNK_FAILED),
        (499, 127, Disposition.TRUNK_FAILED),
        (599, 127, Disposition.TRUNK_FAILED),
        (699, 127, Disposition.UNREACHABLE),
        (None, 17, Disposition.BUSY),
        (None, 20, Disposition.UNREACHABLE),
        (0, 21, Disposition.REJECTED),
        (None, 127, Disposition.TRUNK_FAILED),
    ],
)
def test_classify(sip: int | None, cause: int, disposition: Disposition) -> None:
    verdict = classify(sip, cause, sign_of_life=True)
    assert verdict.disposition is disposition
    assert str(sip or cause) in verdict.evidence


def test_a_timeout_without_any_sign_of_life_is_the_trunk() -> None:
    assert classify(408, 18, sign_of_life=False).disposition is Disposition.TRUNK_FAILED


def test_the_dial_status_decides_only_when_nothing_else_does() -> None:
    assert classify(None, None, sign_of_life=False, dial_status="BUSY").disposition is Disposition.BUSY
    assert classify(404, 1, sign_of_life=False, dial_status="BUSY").disposition is Disposition.INVALID_NUMBER
    assert classify(None, None, sign_of_life=False).disposition is Disposition.TRUNK_FAILED


def test_the_tables_hold_only_what_a_network_can_decide() -> None:
    decided = {disposition for table in (SIP, CAUSES) for disposition, _ in table.values()}
    assert decided == {
        Disposition.BUSY,
        Disposition.NO_ANSWER,
        Disposition.REJECTED,
        Disposition.INVALID_NUMBER,
        Disposition.UNREACHABLE,
        Disposition.TRUNK_FAILED,
    }
