from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.simulate.judgement import accuracy, slot_fits, unmet
from agi_app.simulate.persona import Expect
from agi_app.simulate.plan import PhoneLog, Spoken
from agi_app.simulate.text_error import characters, edit_distance, syllables
from hr_sync.records import CallResult, Disposition, Doubt, Interest, Speaker, Turn

DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def result(**more: Any) -> CallResult:
    head = {"call_id": "c", "attempt": 1, "candidate_id": "p", "job_id": "j", "started_at": AT, "ended_at": AT}
    return CallResult.model_validate({**head, "disposition": Disposition.COMPLETED, **more})


def said(text: str, start: int, end: int, kind: str = "turn", *, cut: bool = False) -> Spoken:
    return Spoken.model_validate({"key": text, "kind": kind, "text": text, "start_ms": start, "end_ms": end, "cut": cut})


def heard(text: str, start: int, end: int) -> Turn:
    return Turn(who=Speaker.CANDIDATE, text=text, start_ms=start, end_ms=end)


@pytest.mark.parametrize(
    ("one", "other"), [("一万二", "12000"), ("我期望一万二左右。", "我期望12000左右"), ("一万两千", "1万2"), ("OK，好", "ok好")]
)
def test_numbers_count_by_value_and_punctuation_not_at_all(one: str, other: str) -> None:
    assert characters(one) == characters(other)


def test_syllables_have_no_tones() -> None:
    assert syllables("是的") == syllables("试得") == ["shi", "de"]
    assert syllables("") == []


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_edit_distance_is_a_metric_between_its_bounds(one: str, other: str) -> None:
    distance = edit_distance(one, other)
    assert distance == edit_distance(other, one)
    assert abs(len(one) - len(other)) <= distance <= max(len(one), len(other))
    assert (distance == 0) == (one == other)


def test_recognition_errors_are_counted_per_utterance_by_time() -> None:
    log = PhoneLog(
        call="c",
        number="1",
        answered_ms=1000,
        spoken=(
            said("一个月以后吧", 5000, 6500),
            said("嗯", 7000, 7200, "backchannel"),
            said("社保怎么交的", 9000, 10_500),
            said("没说完的", 12_000, 12_500, cut=True),
        ),
    )
    transcript = (
        heard("一个月", 4000, 4700),  # one utterance in two pieces
        heard("以后把", 4800, 5500),
        heard("嗯", 6000, 6200),
        heard("设保怎么", 8100, 9400),
        heard("谢谢观看", 30_000, 31_000),  # made up in silence
    )
    found = accuracy(log, result(transcript=transcript), Expect())
    assert found.characters.length == 12
    assert found.characters.edits == 1 + 3 + 4
    assert found.syllables.edits == 0 + 2 + 4
    assert found.characters.rate == pytest.approx(8 / 12, abs=1e-4)


def test_an_utterance_that_was_not_heard_is_all_wrong() -> None:
    log = PhoneLog(call="c", number="1", answered_ms=0, spoken=(said("方便", 1000, 2000),))
    assert accuracy(log, result(), Expect()).characters.rate == 1.0


@pytest.mark.parametrize(
    ("wanted", "found", "fits"),
    [
        ({"min": 12000, "max": 12000, "period": "month"}, {"min": 12000, "max": 12000, "period": "month"}, True),
        ({"min": 12000}, {"min": 12000, "max": 13000, "period": "month"}, True),
        ({"min": 12000, "max": 12000}, {"min": 12000}, False),
        ({"min": 12000}, {"min": 2000}, False),
        ({"min": 12000}, None, False),
        ({"in_days": 30}, {"date": "2026-04-01"}, True),
        ({"in_days": 30}, {"date": "2026-04-02"}, True),
        ({"in_days": 30}, {"date": "2026-04-12"}, False),
        ({"date": date(2026, 4, 1)}, {"in_days": 30}, True),
        ({"years": 5}, {"years": 5.0}, True),
        ({"date": "2026-04-01", "part": "morning"}, {"date": "soon"}, False),
        (True, 1, False),
        (True, True, True),
        ("bachelor", "bachelor", True),
    ],
)
def test_slots_are_compared_by_meaning(wanted: object, found: object, fits: bool) -> None:
    assert slot_fits(wanted, found, DAY) is fits


def test_unmet_says_what_was_wanted_and_what_was_found() -> None:
    expect = Expect.model_validate(
        {
            "disposition": "completed",
            "interest": "interested",
            "sip_code": 200,
            "slots": {"expected_pay": {"min": 12000, "max": 12000, "period": "month"}, "start_date": {"in_days": 30}},
            "doubts": ["ask_overtime", "ask_team", "ask_pay"],
        }
    )
    call = result(
        disposition=Disposition.PARTIAL,
        interest=Interest.UNDETERMINED,
        slots={"expected_pay": {"min": 2000, "max": 2000, "period": "month"}},
        doubts=(Doubt(intent="ask_overtime", text="加班吗", answered=False), Doubt(intent="ask_pay", text="工资", answered=True)),
    )
    assert unmet(expect, call) == [
        "disposition: completed wanted, partial found",
        "interest: interested wanted, undetermined found",
        "sip_code: 200 wanted, nothing found",
        "slot expected_pay: 12000 wanted, 2000 found",
        'slot start_date: {"in_days": 30} wanted, nothing found',
        "doubt ask_overtime: answer wanted, not answered",
        "doubt ask_team: answer wanted, not noticed",
    ]
    found = accuracy(PhoneLog(call="c", number="1"), call, expect)
    assert (found.slots_wanted, found.slots_right, found.asked, found.answered) == (2, 0, 2, 1)


def test_one_of_several_dispositions_is_enough() -> None:
    expect = Expect.model_validate({"disposition": ["partial", "silent"]})
    assert unmet(expect, result(disposition=Disposition.SILENT)) == []
    assert unmet(expect, result()) == ["disposition: partial or silent wanted, completed found"]
