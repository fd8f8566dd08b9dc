"""Calls into the real Asterisk: the lookup by FastAGI, the open interview, strangers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from agi_app.interview.events import CallFinished, InterviewEvent, PromptStarted
from agi_app.interview.inbound import FrontDesk
from agi_app.interview.reception import Reception
from agi_app.telephony.placed_call import PlacedCall
from hr_sync.owner import this_process
from hr_sync.records import CallAttempt, CallResult, Candidate, Disposition, DoNotCallEntry, DoNotCallReason
from tests.asterisk.caller import calling_in, keys, pause, speech
from tests.asterisk.interview_stage import JOB, Theatre

LIMIT_S = 40.0


@pytest_asyncio.fixture
async def reception(stage: Theatre) -> AsyncIterator[Reception]:
    async with stage.hireline.reception() as reception:
        yield reception


class Watched:
    """What happens in calls that come in."""

    def __init__(self, stage: Theatre) -> None:
        self.prompts: list[PromptStarted] = []
        self.finished: asyncio.Future[CallResult] = asyncio.get_running_loop().create_future()
        self.end = stage.hireline.subscribe(self._note)

    def _note(self, event: InterviewEvent) -> None:
        match event:
            case PromptStarted():
                self.prompts.append(event)
            case CallFinished():
                self.finished.set_result(event.result)


def tried_before(stage: Theatre, candidate: Candidate, **result: object) -> None:
    """An earlier call about the job."""
    stage.store.put_candidates([candidate])
    now = datetime.now(UTC)
    call_id = f"earlier-{candidate.id}"
    stage.store.open_attempt(
        CallAttempt(call_id=call_id, candidate_id=candidate.id, job_id=JOB, started_at=now, owner=this_process())
    )
    fields = {"disposition": Disposition.PARTIAL, "started_at": now, "ended_at": now} | result
    stage.store.finish(
        CallResult.model_validate({"call_id": call_id, "attempt": 1, "candidate_id": candidate.id, "job_id": JOB} | fields)
    )


async def test_who_calls_back_is_greeted_by_name_and_the_interview_goes_on(
    stage: Theatre, reception: Reception, tmp_path: Path
) -> None:
    known = Candidate(id="calls-back", name="张伟", phone="+8613700000001")
    tried_before(stage, known, slots={"expected_pay": {"min": 9000, "period": "month"}}, questions_asked=("greeting", "consent"))
    stage.store.block(DoNotCallEntry(number=known.phone, reason=DoNotCallReason.HR_DECIDED, at=datetime.now(UTC)))
    watched = Watched(stage)
    async with calling_in(stage.settings.asterisk.sip_port, tmp_path, caller="013700000001", course=pause(6500)) as caller:
        result = await asyncio.wait_for(watched.finished, LIMIT_S)
        assert await caller == 0, (tmp_path / "caller.log").read_text(errors="replace")[-1500:]
    watched.end()
    assert (result.candidate_id, result.attempt, result.disposition) == ("calls-back", 2, Disposition.PARTIAL)
    assert result.metrics["direction"] == "inbound"
    texts = [turn.text for turn in result.transcript]
    assert "感谢您回电" in texts[0]
    assert "张伟" in texts[1]
    assert result.slots["expected_pay"] == {"min": 9000, "period": "month"}
    assert stage.store.result(result.call_id) == result
    assert stage.store.is_blocked(known.phone)  # that they called us lifts nothing


async def test_two_have_the_number_and_the_one_who_says_the_name_goes_on(
    stage: Theatre, reception: Reception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ident, name in (("shares-1", "王建国"), ("shares-2", "李秀英")):
        tried_before(stage, Candidate(id=ident, name=name, phone="+8613700000002"))
    asked: list[str] = []

    async def say(_: FrontDesk, __: PlacedCall, name: str, **___: str) -> None:
        asked.append(name)  # the sentence itself takes seven seconds

    monkeypatch.setattr(FrontDesk, "say", say)
    spoken = b"".join([chunk async for chunk in stage.hireline.services.speech.stream("你好，我是李秀英")])
    course = pause(600) + speech(tmp_path, np.frombuffer(spoken, "<i2")) + pause(5500)
    watched = Watched(stage)
    async with calling_in(stage.settings.asterisk.sip_port, tmp_path, caller="13700000002", course=course):
        result = await asyncio.wait_for(watched.finished, LIMIT_S)
    watched.end()
    assert asked == ["which_of_several"]
    assert result.candidate_id == "shares-2"
    assert any("李秀英" in turn.text for turn in result.transcript), [turn.text for turn in result.transcript]


async def test_a_stranger_is_told_who_we_are_and_leaves_a_number(stage: Theatre, reception: Reception, tmp_path: Path) -> None:
    course = pause(500) + keys(tmp_path, "13912345678#") + pause(6500)
    async with calling_in(stage.settings.asterisk.sip_port, tmp_path, caller="02155550000", course=course) as caller:
        await asyncio.wait_for(caller, LIMIT_S)
    [left] = (stage.settings.state / "messages").glob("*.json")
    message = json.loads(left.read_text())
    left.unlink()
    assert message["number"] == "+8613912345678"
    assert left.parent.stat().st_mode & 0o077 == 0


async def test_the_lookup_failing_does_not_lose_the_caller(stage: Theatre, tmp_path: Path) -> None:
    heard: list[int] = []
    async with stage.hireline.reception() as reception:
        reception._server._routes.clear()  # the dialplan asks, and nobody answers
        async with calling_in(stage.settings.asterisk.sip_port, tmp_path, caller="013700000001", course=pause(2500)) as caller:
            for _ in range(200):
                heard.append(reception.calls)
                if caller.done():
                    break
                await asyncio.sleep(0.05)
            assert await asyncio.wait_for(caller, LIMIT_S) == 0
        assert reception._server.refused == 1
    assert max(heard) == 1
