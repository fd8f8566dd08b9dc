"""How finished an utterance sounds, and how much of a prompt was heard."""

from __future__ import annotations

import pytest

from agi_app.audio.turn_values import Verdict
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent, Understanding
from agi_app.interview.utterance import heard_part, joined, verdict


def said(text: str) -> Heard:
    return Heard((Hypothesis(text),) if text else ())


def meaning(intent: Intent = Intent.PROVIDE, **changes: object) -> Understanding:
    return Understanding("expected_pay", "…", intent, 0.9, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "understanding", "expected"),
    [
        ("", meaning(Intent.OTHER), Verdict.EMPTY),
        ("一万二", meaning(slots={"expected_pay": {"min": 12000}}), Verdict.COMPLETE),
        ("一万", meaning(slots={"expected_pay": {"min": 10000}}, may_go_on=True), Verdict.OPEN),
        ("一万二", meaning(slots={"expected_pay": {"min": 12000}}, needs_confirmation=True), Verdict.PLAIN),
        ("我期望的薪资是", meaning(complete=False), Verdict.INCOMPLETE),
        ("下周然后", meaning(slots={"start_date": {}}, complete=False, may_go_on=True), Verdict.INCOMPLETE),
        ("加班多吗", meaning(Intent.ASK_OVERTIME), Verdict.COMPLETE),
        ("等一下", meaning(Intent.OTHER, hold=True, may_go_on=True), Verdict.COMPLETE),
        ("这个嘛", meaning(), Verdict.PLAIN),
        ("嗯", meaning(Intent.BACKCHANNEL), Verdict.PLAIN),
    ],
)
def test_words_tell_whether_more_will_come(text: str, understanding: Understanding, expected: Verdict) -> None:
    assert verdict(said(text), understanding) is expected


def test_a_nod_over_our_voice_is_no_answer_whatever_it_means() -> None:
    agreed = meaning(Intent.AGREE)
    assert verdict(said("好的"), agreed) is Verdict.COMPLETE
    assert verdict(said("好的"), agreed, nod=True) is Verdict.BACKCHANNEL


def test_who_says_much_on_picking_up_may_be_a_machine() -> None:
    busy = meaning(Intent.BUSY)
    assert verdict(said("喂，你好。"), meaning(Intent.GREET), opening=True) is Verdict.COMPLETE
    assert verdict(said("您好，我现在不方便接听电话"), busy, opening=True) is Verdict.OPEN
    assert verdict(said("您好，我现在不方便接听电话"), busy) is Verdict.COMPLETE


def test_pieces_are_joined_in_order_and_keep_the_readings_of_the_last() -> None:
    last = Heard((Hypothesis("最后成了", 1.0), Hypothesis("最后呈了", 0.4)), confidence=0.6)
    whole = joined([Heard((Hypothesis("先谈了三个月，"),), confidence=0.8), Heard(())], last)
    assert [one.text for one in whole.hypotheses] == ["先谈了三个月，最后成了", "先谈了三个月，最后呈了"]
    assert whole.confidence == 0.6
    assert joined([], last) is last


@pytest.mark.parametrize(
    ("heard_ms", "total_ms", "expected"), [(0, 2000, ""), (1000, 2000, "您好"), (2000, 2000, "您好吗？"), (200, None, "您")]
)
def test_the_heard_part_of_a_prompt_follows_the_time(heard_ms: int, total_ms: int | None, expected: str) -> None:
    assert heard_part("您好吗？", heard_ms, total_ms) == expected
