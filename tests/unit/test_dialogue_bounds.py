"""Whatever is said, every conversation ends, and never with an empty sentence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.reply import Reply
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent, Understanding
from hr_sync.records import CallBrief, EmploymentStatus, JobFacts, LearnedItem
from tests.unit.dialogue_kit import BRIEF, FACTS, JOB, NOW, PACK, PUBLIC_JOB, brief, without

MOST_MOVES = 90
CALLS = (
    BRIEF,
    brief(job=PUBLIC_JOB),
    brief(job=without(*FACTS.model_fields_set), years_experience=None, employments=(), last_pay=None),
    brief(
        status=EmploymentStatus.STUDENT, tags=("应届毕业生",), job=JOB.model_copy(update={"competencies": (), "facts": JobFacts()})
    ),
)
SLOTS: dict[str, st.SearchStrategy[Any]] = {
    "expected_pay": st.sampled_from(
        [
            {"min": 12000, "max": 12000, "period": "month"},
            {"min": 9000, "period": "month"},
            {"max": 300, "period": "day"},
            {"min": 200000, "max": 250000, "period": "year", "net": True},
        ]
    ),
    "start_date": st.sampled_from([{"in_days": 0}, {"in_days": 17}, {"date": "2026-12-31"}]),
    "callback_time": st.sampled_from(
        [{"at": "2026-11-25T15:00:00+08:00"}, {"date": "2026-11-24", "part": "evening"}, {"date": "2020-01-01"}]
    ),
    "interview_time": st.sampled_from([{"at": "2026-11-25T15:30:00"}, {"date": "2027-01-04"}]),
    "years_experience": st.sampled_from([{"years": 0.0}, {"years": 2.5}, {"years": 12.0}]),
    "degree": st.sampled_from(["bachelor", "doctor"]),
    "employment": st.sampled_from([{"status": "student"}, {"status": "left"}]),
    "city": st.just("苏州"),
    "yes_no": st.booleans(),
}
WORDS = st.sampled_from(
    [
        "",
        "嗯",
        "好的你说",
        "不要录音",
        "录音",
        "电商运营和大客户投诉的事情我都做过，最后业绩也完成了",
        "多少钱？",
        "我想一下" * 30,
        "😀 abc",
    ]
)
MEANINGS = st.builds(
    lambda intents, slots, sure, hold: Understanding(None, "", intents[0], 0.9, slots, not sure, tuple(intents[1:]), hold),
    st.lists(st.sampled_from(list(Intent)), min_size=1, max_size=4, unique=True),
    st.dictionaries(st.sampled_from(list(SLOTS)), st.none(), max_size=2).flatmap(
        lambda chosen: st.fixed_dictionaries({name: SLOTS[name] for name in chosen})
    ),
    st.booleans(),
    st.booleans(),
)
MOVES = st.one_of(
    st.tuples(st.just("say"), WORDS, MEANINGS),
    st.just(("silence",)),
    st.tuples(st.just("key"), st.sampled_from("0123456789*#")),
    st.tuples(st.just("cut"), st.integers(0, 60)),
)


class Dictated:
    """Understands what the test wants it to."""

    def __init__(self) -> None:
        self.meaning = Understanding(None, "", Intent.OTHER, 0.1)

    def understand(self, heard: Heard, *, question: str | None, now: datetime) -> Understanding:
        meaning = self.meaning
        return Understanding(
            question,
            heard.text,
            meaning.intent,
            meaning.confidence,
            meaning.slots,
            meaning.needs_confirmation,
            meaning.also,
            hold=meaning.hold,
        )

    def is_backchannel(self, text: str) -> bool:
        return text in ("嗯", "好的")

    def vocabulary(self, question: str | None) -> tuple[str, ...]:
        return ()

    def closed_answers(self, question: str | None) -> tuple[str, ...]:
        return ()


def check_reply(reply: Reply, dialogue: Dialogue) -> None:
    assert reply.prompts or (reply.expects and reply.expects.hold_ms)
    for prompt in reply.prompts:
        assert prompt.text.strip()
        assert not set("{}[]") & set(prompt.text)
        assert "None" not in prompt.text
    assert all(text.strip() for text in reply.warm)
    assert (reply.expects is None) is (reply.disposition is not None)
    assert reply.reason
    for item in reply.learned:
        LearnedItem(kind=item.name, key=item.key, value=item.value, text=item.text, at=NOW)


@settings(max_examples=300, deadline=None)
@given(call=st.sampled_from(CALLS), call_id=st.sampled_from("abcdef"), moves=st.lists(MOVES, min_size=1, max_size=12))
def test_every_conversation_ends(call: CallBrief, call_id: str, moves: list[tuple[Any, ...]]) -> None:
    """A candidate who keeps doing the same few things, whatever they are, is let go in the end."""
    understander = Dictated()
    dialogue = Dialogue(PACK, understander, call, call_id=call_id, now=lambda: NOW)
    reply = dialogue.begin()
    check_reply(reply, dialogue)
    spoken = 0
    for number in range(MOST_MOVES * 3):
        if reply.expects is None:
            break
        move = moves[number % len(moves)]
        match move:
            case ("say", text, meaning):
                understander.meaning = meaning
                reply = dialogue.hear(Heard((Hypothesis(text),) if text else ()))
            case ("silence",):
                reply = dialogue.silence()
            case ("key", key):
                reply = dialogue.hear(Heard((), key=key))
            case ("cut", length):
                dialogue.interrupted("".join(prompt.text for prompt in reply.prompts)[:length])
                reply = dialogue.silence()
        spoken += 1
        check_reply(reply, dialogue)
    assert reply.expects is None
    assert spoken <= MOST_MOVES
    outcome = dialogue.hang_up()
    assert outcome.disposition is reply.disposition


@pytest.mark.parametrize("intent", list(Intent))
@pytest.mark.parametrize("call", CALLS)
def test_one_answer_to_everything(intent: Intent, call: CallBrief) -> None:
    understander = Dictated()
    understander.meaning = Understanding(None, "", intent, 0.95)
    dialogue = Dialogue(PACK, understander, call, call_id="x", now=lambda: NOW)
    reply = dialogue.begin()
    moves = 0
    while reply.expects is not None:
        moves += 1
        assert moves <= MOST_MOVES
        reply = dialogue.hear(Heard((Hypothesis("嗯好"),)))
        check_reply(reply, dialogue)
