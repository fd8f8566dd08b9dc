"""Calls nobody talks in, and calls that end in the middle: what stands in the HR database afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agi_app.errors import ConfigError
from agi_app.interview.events import InterviewEvent, PromptStarted
from hr_sync.errors import DoNotCallError
from hr_sync.records import CallState, Disposition, DoNotCallEntry, DoNotCallReason, Speaker
from tests.asterisk.interview_stage import Theatre, candidate, finished, heard_ms, state, terse

NOTICED_S = 1.0
AFTER_OURS_MS = 1500
"""Longer than it takes us to begin to speak, so that the candidate's line is an answer."""


@pytest.mark.parametrize(
    ("pickup", "disposition", "code"),
    [
        ({"how": "busy"}, Disposition.BUSY, 486),
        ({"how": "reject"}, Disposition.REJECTED, 603),
        ({"how": "reject", "code": 404}, Disposition.INVALID_NUMBER, 404),
    ],
)
async def test_a_call_that_is_not_taken(stage: Theatre, pickup: dict[str, Any], disposition: Disposition, code: int) -> None:
    row = stage.row(await stage.call(candidate(pickup={"after_s": 0.1, **pickup})))
    assert (row.disposition, row.sip_code) == (disposition, code)
    assert str(code) in row.evidence
    assert (row.answered_at, row.transcript, row.recording, row.pay_fit) == (None, (), None, None)
    assert stage.recordings(row) == []


async def test_nobody_picks_up(stage: Theatre) -> None:
    row = stage.row(await stage.call(candidate(pickup={"how": "no_answer"})))
    assert (row.disposition, row.sip_code, row.answered_at) == (Disposition.NO_ANSWER, None, None)
    assert "2 s" in row.evidence  # the setting's limit
    assert 2.0 <= (row.ended_at - row.started_at).total_seconds() < 4.0


@pytest.mark.parametrize(
    ("endpoint", "disposition", "code"),
    [
        ("PJSIP/19900009999@simulated", Disposition.INVALID_NUMBER, 404),  # no phone has this number
        ("PJSIP/19900009999@nowhere", Disposition.TRUNK_FAILED, None),
        ("PJSIP/19900009999@simulated-identify", Disposition.TRUNK_FAILED, None),
    ],
)
async def test_a_number_or_a_trunk_that_is_not_there(
    stage: Theatre, endpoint: str, disposition: Disposition, code: int | None
) -> None:
    result = await stage.hireline.interview("zhang-wei", "key-account-sales", endpoint)
    assert stage.store.result(result.call_id) == result
    assert (result.disposition, result.sip_code) == (disposition, code)
    assert "19900009999" not in result.evidence


async def test_the_candidate_hangs_up_in_the_middle_of_our_sentence(stage: Theatre) -> None:
    call = await stage.call(candidate(hang_up={"during": "greeting", "at_ms": 1100}))
    row = stage.row(call)
    assert (row.disposition, row.hangup_cause) == (Disposition.PARTIAL, 16)
    assert "the far end hung up" in row.evidence
    [turn] = row.transcript
    whole = next(event.text for _, event in stage.events if isinstance(event, PromptStarted))
    assert turn.who is Speaker.SYSTEM
    assert turn.interrupted
    assert whole.startswith(turn.text)
    assert 0.2 * len(whole) < len(turn.text) < 0.8 * len(whole)
    assert call.log is not None
    assert turn.end_ms - turn.start_ms == pytest.approx(heard_ms(call.log), abs=250)
    assert await stage.until(state(CallState.ENDED)) - stage.step("hung_up") < NOTICED_S
    assert await stage.until(finished) - stage.step("hung_up") < NOTICED_S
    assert stage.recordings(row) == []


async def test_the_candidate_hangs_up_in_the_middle_of_a_sentence_of_theirs(stage: Theatre) -> None:
    long = "我是张伟，我现在正在开会，你们过半个小时以后再打电话过来吧"
    turns = [{"when": "greeting", "say": long, "after_ms": AFTER_OURS_MS}]
    call = await stage.call(candidate(turns=turns, hang_up={"answering": "greeting", "at_ms": 1900}))
    row = stage.row(call)
    assert row.disposition is Disposition.PARTIAL
    assert call.log is not None
    spoken = call.log.spoken[-1]
    assert spoken.cut
    turn = row.transcript[-1]
    assert turn.who is Speaker.CANDIDATE
    assert turn.interrupted
    assert "张" in turn.text or "我是" in turn.text
    assert "半个小时" not in turn.text
    assert turn.end_ms - turn.start_ms == pytest.approx(spoken.end_ms - spoken.start_ms, abs=500)
    assert row.slots == {}
    assert [each.who for each in row.transcript[-2:]] == [Speaker.SYSTEM, Speaker.CANDIDATE]
    assert not row.transcript[-2].interrupted
    assert await stage.until(state(CallState.ENDED)) - stage.step("hung_up") < NOTICED_S


async def test_who_says_never_call_again_and_hangs_up_at_once_is_never_called_again(stage: Theatre) -> None:
    turns = [{"when": "greeting", "say": "别再打电话给我了", "after_ms": AFTER_OURS_MS}]
    ours = candidate(turns=turns, hang_up={"after": "greeting"})
    row = stage.row(await stage.call(ours))
    assert row.disposition is Disposition.STOP_CALLING
    assert ours.candidate is not None
    assert stage.store.is_blocked(ours.candidate.phone)


async def test_nothing_is_ever_said(stage: Theatre) -> None:
    stage.hireline.pack = terse(stage.hireline.pack, silence_ms=800)
    call = await stage.call(candidate())
    row = stage.row(call)
    assert row.disposition is Disposition.SILENT
    assert {turn.who for turn in row.transcript} == {Speaker.SYSTEM}
    assert call.log is not None
    assert call.log.hung_up_by == "caller"
    texts = [turn.text for turn in row.transcript]
    assert len(texts) >= 4  # asked, asked again twice in other words, goodbye
    assert len(set(texts)) == len(texts)
    assert "再见" in texts[-1]
    assert not any(turn.interrupted for turn in row.transcript)
    assert row.questions_asked == ("greeting",)


@pytest.mark.parametrize("to", ["+8613900009999", "13900009999", "PJSIP/8613900009999@simulated", "PJSIP/13900009999@simulated"])
async def test_a_number_on_the_do_not_call_list_is_dialled_for_nobody(stage: Theatre, to: str) -> None:
    number = "+8613900009999"
    stage.store.block(DoNotCallEntry(number=number, reason=DoNotCallReason.CANDIDATE_ASKED, at=datetime.now(UTC)))
    with pytest.raises(DoNotCallError):
        await stage.hireline.interview("li-na", "key-account-sales", to)
    assert stage.store.attempts("li-na") == ()  # nothing was dialled, and nothing waits to be


async def test_what_is_no_number_leaves_no_attempt(stage: Theatre) -> None:
    with pytest.raises(ConfigError, match="neither a number nor an Asterisk endpoint"):
        await stage.hireline.interview("li-na", "key-account-sales", "somewhere")
    assert stage.store.attempts("li-na") == ()


async def test_who_looks_on_and_fails_does_not_end_the_call(stage: Theatre) -> None:
    def broken(_: InterviewEvent) -> None:
        raise BrokenPipeError

    result = await stage.hireline.interview("li-na", "key-account-sales", "PJSIP/19900009999@simulated", listener=broken)
    assert stage.store.result(result.call_id) == result
    assert result.sip_code == 404
