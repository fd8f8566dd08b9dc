"""A campaign over a real Asterisk and real SIP survives the death of each part; the large one is `make chaos`."""

from __future__ import annotations

from pathlib import Path

from agi_app.telephony.server import AsteriskInstallation
from tests.asterisk.campaign_chaos import Chaos
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
