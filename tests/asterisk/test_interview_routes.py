"""Which numbers an interview may dial: the app's list and the dialplan's routes, with everything real behind them."""

from __future__ import annotations

import pytest

from agi_app.errors import RouteError
from agi_app.telephony.allow_list import AllowList
from hr_sync.records import Disposition
from tests.asterisk.interview_stage import JOB, Theatre


@pytest.mark.parametrize(
    "to",
    [
        "+12025550100",
        "0012025550100",
        "PJSIP/0012025550100@carrier",
        "PJSIP/carrier/sip:12025550100@127.0.0.1",
        "Local/110@outbound",
    ],
)
async def test_what_may_not_be_dialled_leaves_no_attempt(stage: Theatre, to: str) -> None:
    before = stage.store.attempts("li-na")
    with pytest.raises(RouteError):
        await stage.hireline.interview("li-na", JOB, to)
    assert stage.store.attempts("li-na") == before


async def test_the_dialplan_has_the_last_word(stage: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that the app's list lets through, and the dialplan does not."""
    monkeypatch.setattr(stage.hireline, "_allowed", AllowList(["."]))
    before = stage.store.attempts("li-na")
    with pytest.raises(RouteError, match="no route"):
        await stage.hireline.interview("li-na", JOB, "+12025550100")
    assert stage.store.attempts("li-na") == before


async def test_a_chinese_number_takes_the_route_of_the_dialplan(stage: Theatre) -> None:
    """The trunk it names is none of a simulation's, so the call ends there."""
    result = await stage.hireline.interview("chen-jing", JOB, "13900009998")
    assert result.disposition is Disposition.TRUNK_FAILED
    assert "13900009998" not in result.evidence
