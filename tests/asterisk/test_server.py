"""The Asterisk we run ourselves, against a real one."""

from __future__ import annotations

from agi_app.telephony.server import AsteriskServer


async def test_starts_without_a_single_warning(asterisk: AsteriskServer, no_leftovers: None) -> None:
    assert asterisk.running
    assert "System uptime" in await asterisk.cli("core show uptime")
    assert asterisk.log_path.stat().st_size > 0
    assert asterisk.problems() == []
