"""What would be said can be asked for beforehand, and asking changes nothing."""

from __future__ import annotations

import pytest

from agi_app.dialogue.understanding import Heard, Hypothesis
from tests.unit.dialogue_kit import KEEN, NO_MORE, PAY_12K, READY, RIGHT, STORY, TO_CLOSING, UNSURE_12K, YES, Talk, talk

COURSE = (YES, YES, KEEN, UNSURE_12K, RIGHT, READY, "-", "听不懂 | other", PAY_12K, STORY, STORY)


def foreseen(conversation: Talk, line: str) -> str:
    heard = Heard((Hypothesis(conversation.understander.read(line)),))
    return "".join(prompt.text for prompt in conversation.dialogue.foresee(heard, conversation.dialogue.understand(heard)))


@pytest.mark.parametrize("steps", range(len(COURSE)))
def test_what_is_foreseen_is_what_is_said(steps: int) -> None:
    conversation = talk().play(*COURSE[:steps])
    line = COURSE[steps] if COURSE[steps] != "-" else READY
    before = conversation.dialogue.outcome(), conversation.dialogue.expects, conversation.dialogue.last_understanding
    expected = foreseen(conversation, line)
    assert (conversation.dialogue.outcome(), conversation.dialogue.expects, conversation.dialogue.last_understanding) == before
    assert foreseen(conversation, line) == expected, "asked twice, answered alike"
    conversation.play(line)
    assert conversation.said == expected != ""


def test_nothing_is_foreseen_before_the_first_move_and_after_the_last() -> None:
    assert foreseen(talk(), YES) == ""
    assert foreseen(talk().play("以后别再打了 | stop_calling"), YES) == ""


def test_a_call_with_foresight_goes_like_one_without() -> None:
    plain, foreseeing = talk(), talk()
    plain.play()
    foreseeing.play()
    for line in (*TO_CLOSING, NO_MORE):
        foreseen(foreseeing, "不考虑了 | not_interested")
        plain.play(line)
        foreseeing.play(line)
        assert foreseeing.said == plain.said
    assert foreseeing.dialogue.outcome() == plain.dialogue.outcome()


def test_every_state_of_a_call_has_a_twin_that_lives_alone() -> None:
    conversation = talk().play()
    for line in (*COURSE, "#1", "-", "稍等一下 | other!", "工资多少 | ask_pay", STORY, STORY):
        state = conversation.dialogue._state
        twin = state.twin()
        assert twin == state
        twin.slots["city"], twin.misses = "杭州", 9
        twin.plan.clear()
        twin.asked.append("x")
        if twin.current is not None:
            twin.current.tries += 5
            twin.current.denied.append({"min": 1})
        assert twin != state
        assert "city" not in state.slots
        assert state.misses < 9
        assert "x" not in state.asked
        assert state.current is None or (state.current.tries < 5 and {"min": 1} not in state.current.denied)
        conversation.play(line)
