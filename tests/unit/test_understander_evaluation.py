"""The evaluation set, and the figures that must hold."""

import pytest

from agi_app.config import load_settings
from agi_app.dialogue.evaluation import Case, Tally, compare, evaluate, load_cases, report_lines, same_slots
from agi_app.dialogue.understander import PackUnderstander
from agi_app.dialogue.understanding import Intent, Understanding
from hr_sync.errors import InvalidDataError
from tests.unit.grammar_kit import NOW, PACK

CASES = PACK.parents[1] / "tests" / "data" / "understanding"


def test_the_set_is_large_and_noisy_enough():
    cases = load_cases(CASES)
    assert len(cases) >= 400
    assert sum(case.noise for case in cases) >= len(cases) / 3
    asked_for = {case.intent for case in cases} | {intent for case in cases for intent in case.also}
    assert asked_for == set(Intent)


def test_the_targets_hold():
    configured = load_settings()
    understander = PackUnderstander.load(PACK, weights=configured.weights, state=configured.state)
    evaluation = evaluate(understander, load_cases(CASES))
    clean, noisy = evaluation.clean.figures(), evaluation.noisy.figures()
    assert clean["intent_accuracy"] >= 0.92
    assert clean["slots_exact"] >= 0.93
    assert noisy["intent_accuracy"] >= 0.85
    assert noisy["slots_exact"] >= 0.85
    assert clean["false_agree_deny_stop"] <= 0.01
    assert noisy["false_agree_deny_stop"] <= 0.01
    assert any("intent" in line for line in report_lines(evaluation))


def case(**fields) -> Case:
    return Case.model_validate({"question": "consent", "text": "可以", "now": NOW.isoformat(), "intent": "agree", **fields})


def understood(intent, slots=None, also=()) -> Understanding:
    return Understanding("consent", "可以", Intent(intent), 0.9, slots or {}, also=tuple(map(Intent, also)))


def test_each_kind_of_mistake_is_counted():
    tally = Tally()
    assert compare(case(), understood("agree"), tally) == ()
    assert compare(case(intent="deny"), understood("agree"), tally) == ("intent", "false_agree")
    assert compare(case(also=["thank"]), understood("agree", also=["deny"]), tally) == ("false_deny",)
    assert compare(case(slots={"yes_no": True}), understood("agree"), tally) == ("slots",)
    assert compare(case(), understood("agree", {"yes_no": True}), tally) == ("slots",)
    figures = tally.figures()
    assert figures["cases"] == 5
    assert figures["intent_accuracy"] == 0.8
    assert figures["slots_exact"] == 0.0
    assert figures["false_agree_deny_stop"] == 0.4


def test_times_are_compared_as_moments():
    assert same_slots(
        {"callback_time": {"at": "2026-03-11T07:00:00+00:00"}}, {"callback_time": {"at": "2026-03-11T15:00:00+08:00"}}
    )
    assert not same_slots({"callback_time": {"at": "2026-03-11T15:00:00+08:00"}}, {})


def test_a_line_that_is_no_case_is_named(tmp_path):
    (tmp_path / "a.jsonl").write_text('\n{"text": "嗯"}\n', encoding="utf-8")
    with pytest.raises(InvalidDataError) as caught:
        load_cases(tmp_path)
    assert str(caught.value.where).endswith("a.jsonl:2")
    with pytest.raises(InvalidDataError, match="no cases"):
        load_cases(tmp_path / "nowhere")
