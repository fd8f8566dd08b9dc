"""Talking over each other on a real line: interruptions, nods, our own echo, packets that are lost."""

from __future__ import annotations

from typing import Any

import pytest

from agi_app.interview.events import Interrupted, PromptStarted
from hr_sync.records import Speaker, Turn
from tests.asterisk.interview_stage import Theatre, candidate

WAITS_MS = 1500
"""Long enough for us to speak first, so that nobody's greeting falls into the other's."""
AGREES = [
    {"when": "greeting", "say": "对，我是", "after_ms": WAITS_MS},
    {"when": "consent", "say": "方便", "after_ms": 300},
]
LEAVES = {"after": "pitch"}


def said(stage: Theatre, question: str) -> str:
    """The longest prompt of a question as it was meant to be said."""
    texts = [event.text for _, event in stage.events if isinstance(event, PromptStarted) and event.question == question]
    return max(texts, key=len)


def heard(row: Any, text: str) -> Turn:
    """What the transcript has of a prompt."""
    [turn] = [turn for turn in row.transcript if turn.who is Speaker.SYSTEM and turn.text and text.startswith(turn.text)]
    return turn


async def test_a_question_over_our_voice_stops_it_and_is_answered(stage: Theatre) -> None:
    question = {"during": "pitch", "at_ms": 300, "say": "请问你们公司在什么地方"}
    after = [{"when": "pitch", "say": "有兴趣", "after_ms": 300}]
    call = await stage.call(candidate(turns=[*AGREES, *after], interrupts=[question], hang_up=LEAVES))
    row = stage.row(call)
    assert (call.measures.interruptions, call.measures.missed_interruptions) == (1, 0)
    assert [event.stopped for _, event in stage.events if isinstance(event, Interrupted)][-1]
    pitch = said(stage, "pitch")
    turn = heard(row, pitch)
    assert turn.interrupted
    assert 0 < len(turn.text) < len(pitch)
    assert [doubt.intent for doubt in row.doubts] == ["ask_location"]
    assert row.doubts[0].answered


async def test_nods_over_our_voice_neither_stop_it_nor_answer_anything(stage: Theatre) -> None:
    nods = [{"during": "pitch", "at_ms": at_ms, "say": word} for at_ms, word in ((200, "嗯"), (700, "好的"))]
    keen = {"when": "pitch", "say": "有兴趣", "after_ms": 300}
    call = await stage.call(candidate(turns=[*AGREES, keen], backchannels=nods, hang_up=LEAVES))
    row = stage.row(call)
    assert call.measures.backchannels >= 1
    assert not any(event.stopped for _, event in stage.events if isinstance(event, Interrupted))
    turn = heard(row, said(stage, "pitch"))
    assert not turn.interrupted
    assert turn.text == said(stage, "pitch"), "it was heard to its end, and once"


async def test_our_own_echo_neither_stops_us_nor_counts_as_an_answer(stage: Theatre) -> None:
    line = {"codec": "ulaw", "echo_db": -15, "echo_delay_ms": 220}
    call = await stage.call(candidate(turns=AGREES, line=line, hang_up={"during": "pitch", "at_ms": 1000}))
    row = stage.row(call)
    assert row.metrics["echo_ms"] > 300, "there was an echo, and it was known"
    assert not any(event.stopped for _, event in stage.events if isinstance(event, Interrupted))
    assert call.log is not None
    words = [turn for turn in row.transcript if turn.who is Speaker.CANDIDATE]
    assert len(words) <= len(call.log.spoken)
    assert row.consent.recording, "and the candidate was understood beside it"


@pytest.mark.parametrize("line", [{"codec": "alaw", "loss_pct": 4, "jitter_ms": 30}])
async def test_a_line_that_loses_packets_is_understood_all_the_same(stage: Theatre, line: dict[str, Any]) -> None:
    turns = [*AGREES, {"when": "pitch", "say": "我很感兴趣", "after_ms": 300}]
    call = await stage.call(candidate(turns=turns, line=line, hang_up={"after": "pitch"}))
    row = stage.row(call)
    assert call.log is not None
    assert call.log.rtp_lost > 0
    assert row.consent.recording
    assert "pitch" in row.questions_asked
    assert call.measures.cut_offs == 0
