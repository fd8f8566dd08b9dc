"""转人工: a recruiter's phone rings, hears the whisper, and talks with the candidate; or does not answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from agi_app.simulate.persona import Persona
from agi_app.simulate.phonebank import armed
from agi_app.simulate.plan import CallPlan, PhoneLog
from agi_app.simulate.runner import SimulatedCall
from hr_sync.records import Disposition, LearnedKind
from tests.asterisk.interview_stage import JOB, Theatre, candidate

EXTENSION = "8001"
WANTS_A_PERSON = {"greeting": "我不想跟机器人说话，给我转人工"}
ASKS = [{"when": "greeting", "say": "给我转人工", "after_ms": 300}]


def open_all_day(stage: Theatre, **changes: object) -> None:
    """Recruiters' phones stand on the simulated trunk and are always at work; call inside `stage` only."""
    settings = stage.hireline.settings
    transfer = settings.transfer.model_copy(
        update={"dial": "PJSIP/{extension}@simulated", "days": (1, 2, 3, 4, 5, 6, 7), "hours": ("00:00-23:59",), "ring_s": 4.0}
        | changes
    )
    stage.hireline.settings = settings.model_copy(update={"transfer": transfer})
    job = stage.store.job(JOB)
    stage.store.put_jobs([job.model_copy(update={"recruiter": job.recruiter.model_copy(update={"extension": EXTENSION})})])


async def rung(stage: Theatre, folder: Path, ours: Persona, **pickup: Any) -> tuple[SimulatedCall, PhoneLog]:
    """The call, and the recruiter's phone's log."""
    recruiter = candidate(id="recruiter", pickup={"after_s": 0.5, **pickup}, hang_up={"at_s": 6.0} if not pickup else None)
    plan = CallPlan(
        call="recruiter", number=EXTENSION, persona=recruiter, utterances={}, recording=folder / "recruiter.wav", seed=1
    )
    async with armed(stage.bank, plan), stage.hearing(WANTS_A_PERSON):
        call = await stage.call(ours)
    return call, await stage.bank.log("recruiter")


def level(audio: np.ndarray, start_s: float, end_s: float) -> float:
    part = audio[round(start_s * 8000) : round(end_s * 8000)].astype(float)
    return float(np.sqrt(np.mean(part**2))) if part.size else 0.0


async def test_the_recruiter_hears_who_it_is_and_talks_with_the_candidate(stage: Theatre, tmp_path: Path) -> None:
    open_all_day(stage)
    ours = candidate(turns=ASKS, line={"snr_db": 15})
    call, log = await rung(stage, tmp_path, ours)
    row = stage.row(call)
    assert row.disposition is Disposition.COMPLETED
    assert row.evidence is not None
    assert "transfer: talked" in row.evidence
    assert log.answered_ms is not None
    assert log.hung_up_by == "candidate"  # the recruiter's phone, which ended both
    heard, _ = soundfile.read(tmp_path / "recruiter.wav", dtype="int16")
    answered_s = log.answered_ms / 1000
    assert level(heard[:, 1], answered_s + 0.3, answered_s + 2.5) > 300  # the whisper
    assert level(heard[:, 1], answered_s + 4.5, answered_s + 5.8) > 100  # the candidate's surroundings
    assert any("转接" in turn.text for turn in row.transcript)
    assert not any("候选人" in turn.text for turn in row.transcript)  # the candidate did not hear it
    wishes = {item.key: item.value for item in stage.store.learned(row.call_id) if item.kind is LearnedKind.REQUEST}
    assert wishes["human"]["transfer"] == "talked"


async def test_nobody_takes_it_and_a_call_back_is_promised(stage: Theatre, tmp_path: Path) -> None:
    open_all_day(stage, ring_s=1.0)
    call, log = await rung(stage, tmp_path, candidate(turns=ASKS), how="no_answer")
    row = stage.row(call)
    assert log.answered_ms is None
    assert row.evidence is not None
    assert "transfer: not_answered" in row.evidence
    assert "回电" in row.transcript[-1].text
    wishes = {item.key: item.value for item in stage.store.learned(row.call_id) if item.kind is LearnedKind.REQUEST}
    assert wishes["human"] == {"recruiter": stage.store.job(JOB).recruiter.email, "transfer": "not_answered"}
