"""Who answered, through the real Asterisk and the real recogniser: announcements while it rings, voicemail, an assistant."""

from __future__ import annotations

import pytest

from agi_app.interview import answering
from hr_sync.records import Disposition, Speaker
from tests.asterisk.interview_stage import Theatre, candidate

DECIDED_S = 2.5
"""From the last word."""
SPOKEN_S = 6.0
"""No announcement of these tests is longer."""


@pytest.fixture(autouse=True)
def unhurried(stage: Theatre) -> None:
    """The usual waits: `stage` itself is in a hurry, and greets before a machine has said a word."""
    settings = stage.hireline.settings
    changes = {
        "trunk": settings.trunk.model_copy(update={"ring_timeout_s": 20.0}),
        "turn": settings.turn.model_copy(update={"greeting_wait_ms": 1200}),
    }
    stage.hireline.settings = settings.model_copy(update=changes)


async def test_an_announcement_ends_the_attempt_without_waiting_for_the_network(stage: Theatre) -> None:
    ours = candidate(pickup={"after_s": 0.2, "how": "announcement", "says": "对不起，您拨打的电话已停机", "code": 480})
    row = stage.row(await stage.call(ours))
    assert row.disposition is Disposition.OUT_OF_SERVICE
    assert row.sip_code is None  # the network would have said 480 only after the second time
    assert row.evidence is not None
    assert "停机" in row.evidence
    assert row.answered_at is None
    assert (row.ended_at - row.started_at).total_seconds() < SPOKEN_S + DECIDED_S


async def test_a_voicemail_is_left_without_a_word(stage: Theatre) -> None:
    ours = candidate(pickup={"after_s": 0.2, "how": "voicemail", "says": "您好，我现在不方便接听电话，请在滴声后留言"})
    row = stage.row(await stage.call(ours))
    assert row.disposition is Disposition.VOICEMAIL
    assert row.evidence is not None
    assert "voicemail greeting" in row.evidence
    assert {turn.who for turn in row.transcript} <= {Speaker.CANDIDATE}
    assert row.questions_asked == ()


async def test_an_assistant_is_told_once_who_calls_and_why(stage: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "_NOBODY_MS", 1500)
    ours = candidate(pickup={"after_s": 0.2, "how": "voicemail", "says": "您好，我是机主的语音助手，请问您是哪位"})
    row = stage.row(await stage.call(ours))
    ours_said = [turn.text for turn in row.transcript if turn.who is Speaker.SYSTEM]
    assert len(ours_said) == 1
    assert "人工智能招聘助手" in ours_said[0]
    assert row.disposition is Disposition.NO_ANSWER
    assert row.evidence is not None
    assert row.evidence.startswith("call screening")
