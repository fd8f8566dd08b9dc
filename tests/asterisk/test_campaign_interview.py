"""A campaign holds real interviews: the whole phone wing, real SIP, a simulated candidate."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agi_app.simulate.plan import CallPlan
from agi_app.simulate.runner import ENDPOINT
from hr_sync.calling_hours import CallingHours
from hr_sync.records import Disposition
from hr_sync.records.campaigns import Campaign, CampaignState
from hr_sync.store.campaigns import Campaigns
from tests.asterisk.interview_stage import JOB, Theatre, candidate
from tests.campaign_stage import ALWAYS, wakeful_zone


@pytest.fixture
def _awake(stage: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be called now, and every number is behind the simulated trunk."""
    hours = CallingHours(**ALWAYS, holidays="none")
    stage.hireline.settings = stage.hireline.settings.model_copy(update={"calling_hours": hours})

    async def endpoint(number: str) -> str:
        return ENDPOINT.format(number=number.removeprefix("+"))

    monkeypatch.setattr(stage.hireline, "endpoint", endpoint)


@pytest.mark.usefixtures("_awake")
async def test_a_campaign_interviews_its_candidates(stage: Theatre, tmp_path: Path) -> None:
    persona = candidate(hang_up={"at_s": 1.5})
    assert persona.candidate is not None
    someone = persona.candidate.model_copy(update={"time_zone": wakeful_zone()})
    stage.store.put_candidates([someone])
    plan = CallPlan(
        call=persona.id, number=someone.phone.removeprefix("+"), persona=persona, utterances={}, recording=tmp_path / "a.wav"
    )
    await stage.bank.arm(plan)
    campaigns, now = Campaigns(stage.store.connections), datetime.now(UTC)
    name = f"interviews-{persona.id}"
    rules = {"partial": {"again": 0}, "silent": {"again": 0}}
    campaigns.create(Campaign(id=name, name=name, job_id=JOB, retry=rules, created_at=now), [someone.id])
    campaigns.move(name, CampaignState.RUNNING, now)
    async with stage.hireline.campaigns(), asyncio.timeout(40):
        while campaigns.campaign(name).state is not CampaignState.FINISHED:  # noqa: ASYNC110 - told by the database
            await asyncio.sleep(0.1)
        await stage.bank.log(persona.id)
    [attempt] = stage.store.attempts(someone.id)
    assert attempt.call_id.startswith(name)
    result = stage.store.result(attempt.call_id)
    assert result.disposition in {Disposition.PARTIAL, Disposition.SILENT}
    assert result.answered_at is not None
    assert any("录音" in turn.text or "你好" in turn.text or "您好" in turn.text for turn in result.transcript)
