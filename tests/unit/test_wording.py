"""Which of several ways to say the same is chosen, and when a condition of the pack holds."""

from __future__ import annotations

from typing import Any

import pytest

from agi_app.dialogue.conditions import View
from agi_app.dialogue.facts import read_facts
from agi_app.dialogue.pack.schema import Condition
from agi_app.dialogue.pack.template import Template, parse_template
from agi_app.dialogue.redaction import redact
from agi_app.dialogue.wording import Wording
from agi_app.errors import PackError
from hr_sync.records import CallBrief, EmploymentStatus, Interest
from tests.unit.dialogue_kit import BRIEF, JOB, NOW, PACK, PUBLIC_JOB, brief, without

WAYS = [parse_template(text) for text in ("一。", "二。", "三{a}。")]


def wording(seed: str = "call", *, a: str | None = "啊", vary: bool = True) -> Wording:
    return Wording(PACK, PACK.interviews["standard"], {"a": a}, seed, vary=vary)


def say(words: Wording, times: int, ways: list[Template] = WAYS) -> list[str]:
    return [words.choose("key", ways) for _ in range(times)]


def test_takes_turns_and_begins_where_the_call_decides() -> None:
    said = say(wording(), 6)
    assert sorted(said[:3]) == ["一。", "三啊。", "二。"]
    assert said[:3] == said[3:]
    assert said == say(wording(), 6)
    assert len({say(wording(f"call-{number}"), 1)[0] for number in range(20)}) == 3


def test_looking_ahead_says_nothing() -> None:
    words = wording()
    assert words.peek("key", WAYS) == words.peek("key", WAYS) == words.choose("key", WAYS)
    assert words.peek("key", WAYS) == words.choose("key", WAYS)


def test_a_way_without_its_fact_is_left_out() -> None:
    assert set(say(wording(a=None), 6)) == {"一。", "二。"}


def test_the_same_for_everyone() -> None:
    assert {text for number in range(9) for text in say(wording(f"call-{number}", vary=False), 3)} == {"一。"}


def test_nothing_to_say_names_the_place() -> None:
    with pytest.raises(PackError, match="facts are missing"):
        say(wording(a=None), 1, [WAYS[2]])


def test_an_interviews_own_sentence_comes_first() -> None:
    public = Wording(PACK, PACK.interviews["public-sector"], {}, "c", vary=False)
    assert "公告" in public.named("closing_interested")


@pytest.mark.parametrize(
    ("condition", "call", "holds"),
    [
        ({}, BRIEF, True),
        ({"job": "key-account-sales"}, BRIEF, True),
        ({"job": ["java-developer"]}, BRIEF, False),
        ({"sector": "public"}, BRIEF, False),
        ({"sector": "public"}, brief(job=PUBLIC_JOB), True),
        ({"competency": ["negotiation", "goal_orientation"]}, BRIEF, True),
        ({"competency": "learning"}, BRIEF, False),
        ({"resume": ["大客户"]}, BRIEF, True),
        ({"resume": ["电商"]}, BRIEF, False),
        ({"resume": ["电商"]}, brief(skills=("电商运营",)), True),
        ({"tags": "应届毕业生"}, brief(tags=("应届毕业生",)), True),
        ({"status": "student"}, BRIEF, False),
        ({"status": ["student", "left"]}, brief(status=EmploymentStatus.LEFT), True),
        ({"years_at_least": 5}, BRIEF, True),
        ({"years_at_least": 5.5}, BRIEF, False),
        ({"years_below": 5}, BRIEF, False),
        ({"years_below": 5}, brief(years_experience=None), False),
        ({"has": ["pay.bonus", "overtime.project_based"]}, BRIEF, True),
        ({"has": ["pay.bonus", "place.remote"]}, BRIEF, False),
        ({"lacks": "overtime.pay_rule"}, BRIEF, False),
        ({"lacks": "overtime.pay_rule"}, brief(job=without("overtime")), True),
        ({"interest": "hesitant"}, BRIEF, False),
        ({"interest": ["hesitant", "interested"]}, BRIEF, True),
        ({"job": "key-account-sales", "status": "student"}, BRIEF, False),
    ],
)
def test_condition(condition: dict[str, Any], call: CallBrief, holds: bool) -> None:
    view = View(call, read_facts(call, PACK.terms, NOW))
    assert view.holds(Condition.model_validate(condition), Interest.INTERESTED) is holds


@pytest.mark.parametrize("condition", [{"resume": "大客户"}, {"status": "employed"}, {"years_at_least": 1}, {"tags": "x"}])
def test_nothing_personal_where_all_are_the_same(condition: dict[str, Any]) -> None:
    call = brief(tags=("x",))
    view = View(call, read_facts(call, PACK.terms, NOW, personalise=False), personalise=False)
    assert not view.holds(Condition.model_validate(condition))
    assert view.known("years_experience") is None
    assert view.facts["candidate.raise"] is None
    assert view.holds(Condition(job=(JOB.id,)))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("一万二左右", "一万二左右"),
        ("我结婚了，一万二左右", "（涉及个人隐私，未记录）一万二左右"),
        ("下周可以。我老公在杭州，我孩子小，所以不能出差。", "下周可以。（涉及个人隐私，未记录）所以不能出差。"),
        ("我教孩子们画画，也卖过手术器械和民族服装", "我教孩子们画画，也卖过手术器械和民族服装"),
        ("", ""),
    ],
)
def test_protected_matters(text: str, kept: str) -> None:
    assert redact(text, PACK.protected) == kept
