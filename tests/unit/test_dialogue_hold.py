"""Waiting on request, bad lines, keys: what keeps a talk going when listening does not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.hold import HOLD_MS, MOST_HOLDS
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent, Understanding
from tests.unit.dialogue_kit import BRIEF, NOW, PACK, PAY_12K, TO_PAY, TO_PITCH, TO_START, UNSURE_12K, YES, Scripted, Talk, talk

WAIT = "等一下 | other!"
NOT_HEARD = "线路不好，听不清 | ask_repeat"


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def played(clock: list[datetime]) -> Talk:
    understander = Scripted()
    return Talk(Dialogue(PACK, understander, BRIEF, call_id="call-1", now=lambda: clock[0]), understander)


def test_asked_to_wait_we_are_quiet_then_ask(played: Talk) -> None:
    played.play(*TO_PAY, WAIT)
    expects = played.last.expects
    assert expects is not None
    assert expects.hold_ms == expects.silence_ms == HOLD_MS
    assert expects.question == "expected_pay"
    assert played.last.reason == "asked to wait"
    played.play("-")
    assert "还在吗" in played.said
    assert played.last.expects is not None
    assert played.last.expects.hold_ms is None
    played.play(PAY_12K)
    assert played.question == "start_date"


def test_words_to_somebody_else_draw_no_answer_while_we_wait(played: Talk, clock: list[datetime]) -> None:
    played.play(*TO_PAY, WAIT)
    clock[0] += timedelta(seconds=10)
    played.play("快递放门口 | other")
    assert played.last.prompts == ()
    assert played.last.expects is not None
    assert played.last.expects.hold_ms == HOLD_MS - 10_000
    played.play("好了，你说 | agree")
    assert "月薪" in played.said
    assert played.last.expects is not None
    assert played.last.expects.hold_ms is None


def test_an_answer_ends_the_wait(played: Talk) -> None:
    played.play(*TO_PAY, WAIT, PAY_12K)
    assert played.question == "start_date"
    assert played.learned("slot")["expected_pay"]["min"] == 12000


def test_a_yes_after_a_wait_is_no_answer(played: Talk) -> None:
    """好了，你说 takes the talk up again; it agrees to nothing that was asked before."""
    played.play(*TO_PITCH, WAIT, "好的 | agree")
    assert played.question == "pitch"
    assert "interest" not in played.learned("interest")


def test_nobody_waits_for_ever(played: Talk) -> None:
    played.play(*TO_PAY, *[WAIT] * (MOST_HOLDS + 1))
    assert played.last.prompts
    assert played.last.expects is not None
    assert played.last.expects.hold_ms is None


def test_repeated_trouble_to_hear_us_draws_the_offer_to_call_again_once() -> None:
    played = talk().play(*TO_PAY, NOT_HEARD)
    assert "月薪" in played.said
    played.play(NOT_HEARD)
    assert played.question == "bad_line"
    assert played.play("不用，你继续 | deny").question == "expected_pay"
    assert played.play(NOT_HEARD).question == "expected_pay"


def test_the_offer_to_call_again_is_taken() -> None:
    played = talk().play(*TO_PAY, NOT_HEARD, NOT_HEARD, "好的 | agree")
    assert played.question == "callback_time"
    assert "callback" in played.learned("request")
    assert str(played.dialogue.hang_up().disposition) == "callback"


@pytest.mark.parametrize(
    ("lines", "question"),
    [((), "greeting"), ((YES,), "consent"), (TO_PITCH, "pitch"), (TO_PAY, "expected_pay"), (TO_START, "start_date")],
)
def test_keys_are_offered_after_two_failures(lines: tuple[str, ...], question: str) -> None:
    played = talk().play(*lines, "-", "呜哩 | other" if lines else "-")
    assert played.question == question
    assert "按一" in played.said
    assert played.last.expects is not None
    assert played.last.expects.keys
    assert played.play("#1").question != question


def test_a_value_is_confirmed_by_key() -> None:
    assert talk().play(*TO_PAY, UNSURE_12K, "#1").learned("slot")["expected_pay"]["min"] == 12000
    played = talk().play(*TO_PAY, UNSURE_12K, "#2")
    assert played.question == "expected_pay"
    assert "expected_pay" not in played.learned("slot")


def test_what_was_understood_already_is_not_understood_again() -> None:
    played = talk().play(*TO_PAY)
    asked = len(played.understander.questions)
    known = Understanding(
        "expected_pay", "一万二", Intent.PROVIDE, 0.9, {"expected_pay": {"min": 12000, "max": 12000, "period": "month"}}
    )
    reply = played.dialogue.hear(Heard((Hypothesis("一万二"),)), understanding=known)
    assert len(played.understander.questions) == asked
    assert reply.expects is not None
    assert reply.expects.question == "start_date"
    assert played.dialogue.last_understanding is known
