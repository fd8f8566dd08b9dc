"""A campaign over a real Asterisk and real SIP survives the death of each part; the large one is `make chaos`."""

from __future__ import annotations

from pathlib import Path

from agi_app.campaign.retry import RetryRules
from agi_app.telephony.server import AsteriskInstallation
from hr_sync.records import Disposition
from tests.asterisk.campaign_chaos import RULES, Chaos, budget_faults
from tests.asterisk.campaign_line import invites
from tests.postgres import Cluster


async def test_no_call_is_lost_or_made_twice_when_each_part_is_killed_once(
    installation: AsteriskInstallation, postgres: Cluster, tmp_path: Path
) -> None:
    chaos = Chaos(tmp_path, installation, postgres, candidates=30, seed=1)
    report = await chaos.run([(0.1, "app"), (0.3, "asterisk"), (0.5, "connections"), (0.6, "lock")], limit_s=90)
    assert report.faults == []
    assert set(report.kills) == {"app", "asterisk", "connections", "lock"}
    assert report.outcomes["busy"] == report.outcomes["rejected"] == report.outcomes["invalid_number"] == 3
    assert report.invites >= 30


def test_the_judge_sees_a_call_too_many_and_one_too_few(tmp_path: Path) -> None:
    rules = RetryRules({}).replaced_by(RULES)
    busy, done, dead = Disposition.BUSY, Disposition.COMPLETED, Disposition.TRUNK_FAILED
    assert budget_faults("c1", [busy, busy], rules) == []
    assert budget_faults("c1", [dead, dead, busy, done], rules) == []
    assert [fault.split(" after")[0] for fault in budget_faults("c1", [busy, busy, done], rules)] == ["c1: a call too many"]
    assert [fault.split(" after")[0] for fault in budget_faults("c1", [busy], rules)] == ["c1: a call too few"]
    assert budget_faults("c1", [], rules)
    log = tmp_path / "invites.log"
    log.write_text("INVITE 8613800000001@ a@x\nINVITE 8613800000001@ a@x\nINVITE 8613800000001@ b@x\n")
    assert invites(log) == {"+8613800000001": 2}  # a request that is repeated is one call
