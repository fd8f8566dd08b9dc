"""Campaigns on the real durable engine and the real store; only telephone and interview are replaced."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hr_sync.records import Disposition as D
from hr_sync.records import DoNotCallEntry, DoNotCallReason
from hr_sync.records.campaigns import CampaignEventKind, CampaignState, JourneyState
from hr_sync.store import SqliteStore
from tests.campaign_stage import QuickCaller, begin, campaign_settings, faults, number_of, people, troupe


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "hr.db") as made:
        yield made


QUICK = {disposition: {"again": 1, "after": ["0.2s"]} for disposition in ("no_answer", "busy", "system_failed")}


async def test_each_candidate_is_called_until_the_rules_end(store: SqliteStore, tmp_path: Path) -> None:
    script = {
        number_of(1): [D.NO_ANSWER, D.COMPLETED],
        number_of(2): [D.BUSY],
        number_of(3): [D.INVALID_NUMBER],
        number_of(4): [D.NO_ANSWER, D.BUSY, D.NO_ANSWER],
    }
    campaigns = begin(store, people(12), attempts=3, retry=QUICK)
    async with troupe(campaign_settings(tmp_path), store, lambda s, l: QuickCaller(s, l, script=script)) as play:
        await play.until_finished()
        dialled = [call.call_id for _, call in play.caller.dialled]
    ends = {journey.candidate_id: (journey.outcome, journey.attempts) for journey in campaigns.journeys("spring")}
    assert ends["c1"] == ("completed", 2)
    assert ends["c2"] == ("busy", 2)
    assert ends["c3"] == ("invalid_number", 1)
    assert ends["c4"] == ("no_answer", 3)
    assert set(ends.values()) - {ends[f"c{n}"] for n in range(1, 5)} == {("completed", 1)}
    assert faults(store, "spring", dialled, attempts=3) == []
    events = campaigns.events()
    assert len([event for event in events if event.kind is CampaignEventKind.JOURNEY_ENDED]) == 12
    texts = [event.candidate_id for event in events if event.kind is CampaignEventKind.SMS_WANTED]
    assert texts == []  # the quick rules do not ask for one
