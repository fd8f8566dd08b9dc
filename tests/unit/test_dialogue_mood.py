"""Patience and hesitation: read from words, timing and voice, and what the dialogue makes of them."""

from __future__ import annotations

import pytest

from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.mood import CALM, Mood, MoodReader, MoodUse, Voice
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent
from tests.unit.dialogue_kit import (
    BRIEF,
    IN_A_MONTH,
    NOW,
    PACK,
    PAY_12K,
    PUBLIC_JOB,
    TO_PITCH,
    TO_START,
    TO_STORY,
    TO_YEARS,
    Scripted,
    Talk,
    brief,
    talk,
)

HURRY = "有兴趣，快点说 | agree"


def said(text: str, **timing: int) -> Heard:
    return Heard((Hypothesis(text),), **timing)


@pytest.fixture
def reader() -> MoodReader:
    return MoodReader(PACK.mood)


@pytest.mark.parametrize("text", ["快点说吧", "你们有完没完", "还有多少问题啊", "长话短说", "别问了", "筷点说吧"])
def test_one_plain_word_of_impatience_is_enough(reader: MoodReader, text: str) -> None:
    mood = reader.read(said(text), open_question=False)
    assert mood.hurried
    assert not mood.weary
    assert mood.signs == ("plain word of impatience",)


def test_a_mild_sign_alone_changes_nothing_but_several_in_a_row_do(reader: MoodReader) -> None:
    assert not reader.read(said("随便"), open_question=False).hurried
    assert not reader.read(said("一万二"), open_question=False, overlap_ms=700).hurried
    assert reader.read(said("嗯"), open_question=True).hurried


def test_patience_comes_back(reader: MoodReader) -> None:
    reader.read(said("快点"), open_question=False)
    moods = [reader.read(said("一万二"), open_question=False) for _ in range(3)]
    assert [mood.hurried for mood in moods] == [True, False, False]
    assert moods[0].signs == ()


def test_two_plain_words_make_weary(reader: MoodReader) -> None:
    reader.read(said("快点"), open_question=False)
    assert reader.read(said("还没问完"), open_question=False).weary


@pytest.mark.parametrize("text", ["我考虑考虑", "再说吧", "还是算了", "有点犹豫"])
def test_words_of_hesitation(reader: MoodReader, text: str) -> None:
    mood = reader.read(said(text), open_question=False)
    assert mood.hesitant
    assert not mood.hurried


def test_a_mind_made_up_ends_hesitation(reader: MoodReader) -> None:
    reader.read(said("我再想想"), open_question=False)
    assert reader.read(said("没问题"), open_question=False).hesitation == 0


def test_words_inside_a_story_tell_nothing_of_the_teller(reader: MoodReader) -> None:
    story = "当时客户一直催我们快点交货，还说没时间等，我就每天去仓库盯着，最后提前两天交了"
    assert reader.read(said(story), open_question=True) == CALM


def test_a_slow_answer_is_slow_for_this_candidate(reader: MoodReader) -> None:
    assert reader.read(said("是的", latency_ms=600), open_question=False).hesitation == 0
    assert reader.read(said("可以", latency_ms=2600), open_question=False).signs == ("slow to answer",)
    slow = MoodReader(PACK.mood)
    slow.read(said("是的", latency_ms=2000), open_question=False)
    assert slow.read(said("可以", latency_ms=2600), open_question=False).signs == ()


def test_the_voice_counts_only_against_itself_and_little(reader: MoodReader) -> None:
    assert reader.read(said("一万二"), open_question=False, voice=Voice(haste=0.5, doubt=0.5)) == CALM
    mood = reader.read(said("一万二"), open_question=False, voice=Voice(haste=2, doubt=0))
    assert mood.patience == 0.75
    assert reader.read(said("一万二"), open_question=False, voice=Voice(doubt=1.5)).hesitation == pytest.approx(0.3)


def test_intents_count_too(reader: MoodReader) -> None:
    assert reader.read(said("说不好啊"), open_question=False, intents=[Intent.HESITATE]).hesitant
    assert reader.read(said("你们真是"), open_question=False, intents=[Intent.COMPLAIN]).hurried


# ---- what the dialogue makes of it ------------------------------------------------------------------------------------


def test_a_hurried_candidate_hears_short_questions_and_the_reason_is_told() -> None:
    played = talk().play(*TO_PITCH, HURRY)
    assert played.said == "您期望的月薪大概是多少？"
    assert "short wording (plain word of impatience)" in played.last.reason


def test_core_questions_come_first() -> None:
    questions = PACK.interviews["standard"].questions
    late = PACK.interviews["standard"].model_copy(update={"questions": (questions[2], *questions[:2])})  # years before pay and date
    pack = PACK.model_copy(update={"interviews": {**PACK.interviews, "standard": late}})
    understander = Scripted()
    calm = Talk(Dialogue(pack, understander, BRIEF, call_id="c", now=lambda: NOW), understander).play(*TO_PITCH, "有兴趣 | agree")
    assert calm.question == "years_experience"
    understander = Scripted()
    hurried = Talk(Dialogue(pack, understander, BRIEF, call_id="c", now=lambda: NOW), understander).play(*TO_PITCH, HURRY)
    assert hurried.question == "expected_pay"
    assert "core questions first (plain word of impatience)" in hurried.last.reason


def test_who_stays_impatient_is_offered_to_stop_or_another_call_once() -> None:
    played = talk().play(*TO_PITCH, HURRY, PAY_12K.replace("左右", "，还没问完吗"))
    assert played.question == "hurry"
    assert played.learned("slot")["expected_pay"]["min"] == 12000
    assert "offer to stop or to call again" in played.last.reason
    played.play("行，你说 | agree", "一个月，快点 | provide {'start_date': {'in_days': 30}}")
    assert played.question == "years_experience"


@pytest.mark.parametrize(
    ("line", "disposition"),
    [
        ("不想聊了 | deny", "partial"),
        ("改天再打 | agree", "callback"),
        ("#2", "callback"),
        ("#3", "partial"),
        ("在忙 | busy", "callback"),
    ],
)
def test_the_offer_is_answered(line: str, disposition: str) -> None:
    played = talk().play(*TO_PITCH, HURRY, PAY_12K.replace("左右", "，还没问完吗"), line)
    assert str(played.dialogue.hang_up().disposition) == disposition


def test_a_hesitant_voice_draws_one_advantage_and_the_answer_counts() -> None:
    played = talk().play(*TO_START)
    played.replies.append(played.dialogue.hear(said(played.understander.read(IN_A_MONTH)), Mood(hesitation=0.8, signs=("x",))))
    assert "晋升" in played.said or "薪资上限" in played.said
    assert played.question == "years_experience"
    assert "an advantage that fits (x)" in played.last.reason
    assert str(played.dialogue.outcome().interest) == "interested"  # what was said counts, not how
    played.replies.append(played.dialogue.hear(said(played.understander.read("对 | agree")), Mood(hesitation=0.9)))
    assert "晋升" not in played.said


def test_everyone_hears_the_same_in_the_public_sector() -> None:
    calm = talk(brief(job=PUBLIC_JOB)).play(*TO_PITCH, "有意向 | agree")
    hurried = talk(brief(job=PUBLIC_JOB)).play(*TO_PITCH, "有意向，快点 | agree")
    assert calm.said == hurried.said


def test_where_moods_are_not_to_be_used_none_is_read() -> None:
    understander = Scripted()
    dialogue = Dialogue(PACK, understander, BRIEF, call_id="call-1", now=lambda: NOW, moods=MoodUse(enabled=False))
    played = Talk(dialogue, understander).play(*TO_PITCH, HURRY)
    assert dialogue.read_mood(said("快点，快点")) == CALM
    assert played.said == talk().play(*TO_PITCH, "有兴趣 | agree").said


def test_mood_changes_nothing_that_is_known_of_the_candidate() -> None:
    lines = (*TO_YEARS, "对 | agree")
    calm, hurried = talk().play(*lines), talk().play(*TO_PITCH, HURRY, *lines[3:])
    assert calm.dialogue.outcome().slots == hurried.dialogue.outcome().slots
    assert calm.dialogue.outcome().interest == hurried.dialogue.outcome().interest
    assert calm.question == hurried.question
    assert len(TO_STORY) == len(lines)
