"""The scores agree with a person's grades, and with nothing they must not depend on."""

import pytest
from scipy.stats import spearmanr

from agi_app.dialogue.grammar.phonetics import Phonetics
from agi_app.dialogue.nlu.noise import Mishearing
from tests.unit.assessment_kit import assessed, assessor, brief, call, graded

STORY = (
    "去年有个宁波的客户想换供应商，我先去他们仓库待了两天，把要货的节奏摸清楚，"
    "然后跟生产排了每周五固定发货，半年以后客户续约了两年，采购量也加到四百二十万。"
)
FOLLOW_UP = "一开始采购不太信任我，我每个星期打一次电话回访，三个月以后她主动给我介绍了一家新客户。"


def story(**fields: object):
    turns = [
        ("system", "client_relationship", "您是如何维护长期客户关系的？"),
        ("candidate", "client_relationship", STORY),
        ("system", "key_account_growth", "印象最深的是哪一位？"),
        ("candidate", "key_account_growth", FOLLOW_UP),
        ("system", "closing", "您有什么想了解的吗？"),
        ("candidate", "closing", "没有了，谢谢。"),
    ]
    return call(*turns, **fields)


@pytest.mark.parametrize("part", ["answers", "held-out"])
def test_scores_rank_answers_as_a_person_does(part: str) -> None:
    pairs = [(one["grade"], assessed(one["text"], one["competency"]).score) for one in graded(part)]
    scored = [(grade, score) for grade, score in pairs if score is not None]
    assert len(scored) >= 0.9 * len(pairs)
    assert {grade for grade, score in pairs if score is None} <= {1}  # only empty answers give nothing to go by
    assert spearmanr(*zip(*scored, strict=True)).statistic >= 0.7


def test_scores_do_not_merely_count_words() -> None:
    """The answers hold long ones that say nothing: length alone ranks them far worse."""
    answers = graded("answers") + graded("held-out")
    scored = [(one["grade"], assessed(one["text"], one["competency"]).score, len(one["text"])) for one in answers]
    grades, scores, lengths = zip(*(one for one in scored if one[1] is not None), strict=True)
    assert spearmanr(grades, scores).statistic >= spearmanr(grades, lengths).statistic + 0.15


def test_mishearings_move_scores_little() -> None:
    """Every tenth character heard as another: the ranks stay."""
    mishear = Mishearing(Phonetics(), rate=0.1, seed=7)
    answers = graded("answers")
    pairs = [(one["grade"], assessed(mishear(one["text"]), one["competency"]).score) for one in answers]
    scored = [pair for pair in pairs if pair[1] is not None]
    assert spearmanr(*zip(*scored, strict=True)).statistic >= 0.7


def test_mood_name_and_gender_change_no_score() -> None:
    mood = [{"at_ms": 1000, "patience": 0.1, "hesitation": 0.9}]
    plain = assessor().assess(story(), brief(), story().ended_at)
    others = [
        assessor().assess(story(mood=mood), brief(), plain.assessed_at),
        assessor().assess(story(), brief(name="阿依古丽·买买提", honorific="买买提女士"), plain.assessed_at),
        assessor().assess(story(), brief(honorific="张女士", time_zone="Asia/Urumqi", city="喀什"), plain.assessed_at),
    ]
    assert plain.overall is not None
    assert all(other == plain for other in others)


@pytest.mark.parametrize(("said", "instead"), [("她", "他"), ("王女士", "王先生"), ("李小姐", "李先生")])
def test_the_gender_of_people_in_a_story_changes_no_score(said: str, instead: str) -> None:
    text = STORY + f"后来{said}还请我们去他们公司讲了一次课。"
    assert assessed(text, "customer_relations").score == assessed(text.replace(said, instead), "customer_relations").score


def test_what_was_removed_for_privacy_changes_no_score() -> None:
    placeholder = "（涉及个人隐私，未记录）"
    assert assessor().assess(story(), brief(), story().ended_at).competencies[0].score is not None
    turns = [("candidate", "client_relationship", STORY)]
    with_placeholder = [("candidate", "client_relationship", placeholder + STORY)]
    scores = [assessor().assess(call(*said), brief(), story().ended_at).competencies[0].score for said in (turns, with_placeholder)]
    assert scores[0] == pytest.approx(scores[1], abs=1.0)


def test_how_surely_it_was_heard_changes_the_confidence_and_never_the_score() -> None:
    clear, unclear = (assessed(STORY, "customer_relations", heard=heard) for heard in (0.95, 0.3))
    assert clear.score == unclear.score
    assert clear.confidence > unclear.confidence


def test_too_little_is_no_score_and_not_a_low_one() -> None:
    few = call(("candidate", "client_relationship", "嗯，就那样吧。"))
    found = assessor().assess(few, brief(), few.ended_at)
    assert {one.score for one in found.competencies} == {None}
    assert found.overall is None
    assert found.recommendation == "review"
    assert {reason.code for reason in found.reasons} >= {"interested_little_evidence", "not_enough_evidence"}
