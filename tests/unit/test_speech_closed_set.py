"""When an answer from a large set is worth a second look: no amount where one is due, doubt, readings that differ in their numerals."""

from __future__ import annotations

import pytest

from agi_app.dialogue.amounts import likely_phrases
from agi_app.speech.asr.closed_set import misses_the_point, typical
from tests.unit.dialogue_kit import JOB, PACK

AMOUNTS = likely_phrases(JOB, PACK.expected.amounts)


def test_what_a_large_set_has_in_common() -> None:
    assert {"万", "千"} <= typical(AMOUNTS)
    assert typical(("是的", "好的", "不是", "不行")) == frozenset()


def test_amounts_lie_around_the_jobs_range() -> None:
    assert "五千" in AMOUNTS
    assert "两万五" in AMOUNTS
    assert "四千五" not in AMOUNTS
    assert "三万" not in AMOUNTS


@pytest.mark.parametrize(
    ("readings", "doubtful"),
    [
        ([("我期望的薪资是一万二左右。", -0.1)], False),
        ([("12000。", -0.1)], False),
        ([("以外作人。", -0.05)], True),
        ([("一万二。", -0.4)], True),
        ([("一万二。", -0.1), ("一万五。", -0.15)], True),
        ([("一万二。", -0.1), ("一万五。", -0.5)], False),
        ([("两万吧。", -0.1), ("二万吧。", -0.12)], False),
        ([("两万八。", -0.1), ("两万吧。", -0.12)], True),
    ],
)
def test_when_a_second_look_is_worth_it(readings: list[tuple[str, float]], *, doubtful: bool) -> None:
    assert misses_the_point(readings, AMOUNTS) is doubtful
    assert not misses_the_point(readings, ("是的", "好的"))
