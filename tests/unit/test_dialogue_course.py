"""What happens between greeting and goodbye: questions, answers, confirmation, correction, repetition, interruption."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agi_app.dialogue.dialogue import prompts_for
from agi_app.dialogue.hearing import heard_shares
from agi_app.dialogue.mood import Mood
from agi_app.dialogue.reply import PromptKind
from agi_app.dialogue.turn import Limits
from agi_app.dialogue.understanding import Heard, Hypothesis
from agi_app.errors import PackError
from hr_sync.records import CallBrief, EmploymentStatus, Interest
from tests.unit.dialogue_kit import (
    BRIEF,
    CANDIDATE,
    IN_A_MONTH,
    JOB,
    KEEN,
    NO_MORE,
    NOW,
    PACK,
    PAY_12K,
    PUBLIC_JOB,
    READY,
    RIGHT,
    STORY,
    TO_CLOSING,
    TO_PAY,
    TO_PITCH,
    TO_START,
    TO_STORY,
    TO_YEARS,
    UNSURE_12K,
    YES,
    brief,
    talk,
    without,
)

PAY_15K = "不对，是一万五 | provide {'expected_pay': {'min': 15000, 'max': 15000, 'period': 'month'}}"


def test_opening_tells_who_what_and_that_it_is_recorded() -> None:
    played = talk().play(YES)
    notice = played.last.prompts[0]
    assert notice.kind is PromptKind.CONSENT
    assert not notice.interruptible
    for told in ("云帆科技", "人工智能", "大客户销售经理", "录音"):
        assert told in notice.text
    assert "方便" in played.last.prompts[1].text
    assert played.last.expects is not None
    assert played.last.expects.keys


def test_greets_by_honorific_or_full_name_never_by_guessed_gender() -> None:
    assert "张伟吗" in talk().play().said
    assert "张老师吗" in talk(brief(honorific="张老师")).play().said


def test_order_of_questions() -> None:
    played = talk().play(*TO_CLOSING, NO_MORE)
    assert played.dialogue.outcome().questions_asked == (
        "greeting", "consent", "pitch", "expected_pay", "start_date", "years_experience", "client_relationship", "closing",
    )  # fmt: skip
    assert list(played.learned("question")) == list(played.dialogue.outcome().questions_asked)
    assert played.understander.questions[:3] == ["greeting", "consent", "pitch"]


@pytest.mark.parametrize(
    ("call", "question"),
    [
        (BRIEF, "client_relationship"),
        (brief(employments=(), status=EmploymentStatus.STUDENT), "team_project"),
        (brief(employments=(), tags=("应届毕业生",)), "campus_start"),
        (brief(employments=(), job=JOB.model_copy(update={"competencies": ("service_orientation",)})), "customer_complaint"),
        (brief(employments=(), job=JOB.model_copy(update={"competencies": ("problem_solving",)})), "technical_challenge"),
        (brief(employments=(), job=JOB.model_copy(update={"competencies": ("negotiation", "service_orientation")})), "big_deal"),
        (
            brief(employments=(), job=JOB.model_copy(update={"competencies": ("service_orientation", "negotiation")})),
            "customer_complaint",
        ),
        (brief(employments=(), job=JOB.model_copy(update={"competencies": ()})), "team_conflict"),
        (brief(job=PUBLIC_JOB), "duty_case"),
    ],
)
def test_behavioural_question_fits_job_and_resume(call: CallBrief, question: str) -> None:
    years = "五年 | provide {'years_experience': {'years': 5.0}}"
    assert talk(call).play(*TO_YEARS, years).question == question


def test_what_the_resume_knows_is_confirmed_and_what_it_does_not_is_asked() -> None:
    assert "五年" in talk().play(*TO_YEARS).said
    played = talk(brief(years_experience=None)).play(*TO_YEARS)
    assert "几年" in played.said
    played.play("三年 | provide {'years_experience': {'years': 3.0}}")
    assert played.learned("slot")["years_experience"] == {"years": 3.0}


def test_a_wrong_resume_is_put_right() -> None:
    played = talk().play(*TO_YEARS, "不是，八年了 | deny provide {'years_experience': {'years': 8.0}}")
    assert played.learned("slot")["years_experience"] == {"years": 8.0}
    assert played.question == "client_relationship"
    played = talk().play(*TO_YEARS, "不对 | deny")
    assert played.question == "years_experience"
    assert "years_experience" not in played.learned("slot")


def test_a_value_said_early_is_not_asked_again() -> None:
    pay = {"min": 12000, "max": 12000, "period": "month"}
    both = {"expected_pay": pay, "start_date": {"in_days": 30}}
    played = talk().play(*TO_PAY, f"一万二，下个月能到 | provide {both}")
    assert played.question == "years_experience"
    assert set(played.learned("slot")) == {"expected_pay", "start_date"}


def test_answer_and_question_in_one_breath() -> None:
    played = talk().play(
        *TO_PAY, "一万二，加班多吗 | provide ask_overtime {'expected_pay': {'min': 12000, 'max': 12000, 'period': 'month'}}"
    )
    assert [prompt.kind for prompt in played.last.prompts] == [PromptKind.ANSWER, PromptKind.QUESTION]
    assert "项目制" in played.said
    assert played.question == "start_date"
    assert played.learned("slot")["expected_pay"]["min"] == 12000
    assert played.learned("doubt") == {"ask_overtime": True}


def test_a_question_is_answered_and_ours_comes_back_in_short() -> None:
    played = talk().play(*TO_PAY, "社保怎么交 | ask_social_insurance")
    assert "百分之十六" in played.said
    assert "百分之八" in played.said
    assert played.question == "expected_pay"
    assert played.last.prompts[-1].text == "您期望的月薪大概是多少？"


def test_two_questions_are_answered_a_third_is_passed_on() -> None:
    played = talk().play(*TO_PAY, "加班、社保、晋升都说说 | ask_overtime ask_social_insurance ask_promotion")
    assert [prompt.id for prompt in played.last.prompts] == ["ask_overtime", "ask_social_insurance", "too_many", "expected_pay"]
    assert played.learned("doubt") == {"ask_overtime": True, "ask_social_insurance": True, "ask_promotion": False}


def test_a_missing_fact_is_never_made_up() -> None:
    played = talk(CallBrief(candidate=CANDIDATE, job=without("overtime"))).play(*TO_PAY, "加班多吗 | ask_overtime")
    assert "招聘顾问" in played.said
    assert "加班" not in played.said
    assert played.learned("doubt") == {"ask_overtime": False}
    assert played.dialogue.outcome().doubts[0].text == "加班多吗"
    played.play("到底加不加班 | ask_overtime")
    assert "已经记下" in played.said
    assert len(played.dialogue.outcome().doubts) == 1


def test_uncertain_value_is_confirmed() -> None:
    played = talk().play(*TO_PAY, UNSURE_12K)
    assert "每月一万二" in played.said
    assert played.last.expects is not None
    assert played.last.expects.prompt_kind is PromptKind.CONFIRMATION
    assert "expected_pay" not in played.learned("slot")
    played.play("对 | agree")
    assert played.learned("slot")["expected_pay"]["max"] == 12000
    assert played.question == "start_date"


def test_uncertain_value_is_denied_or_replaced() -> None:
    played = talk().play(*TO_PAY, UNSURE_12K, "不对 | deny")
    assert played.question == "expected_pay"
    assert "expected_pay" not in played.learned("slot")
    played = talk().play(*TO_PAY, UNSURE_12K, PAY_15K)
    assert "每月一万五" in played.said  # heard otherwise before: said back, however clear it was
    assert "expected_pay" not in played.learned("slot")
    played.play(RIGHT)
    assert played.learned("slot")["expected_pay"]["min"] == 15000
    assert played.question == "start_date"


def test_what_was_denied_is_never_offered_again() -> None:
    played = talk().play(*TO_PAY, UNSURE_12K, "不对 | deny", UNSURE_12K)
    assert "一万二" not in played.said
    assert "请按" in played.said  # by keys then
    played.play(UNSURE_12K)
    assert played.question == "start_date"
    assert "expected_pay" not in played.learned("slot")


def test_a_value_heard_otherwise_after_a_denial_is_confirmed() -> None:
    played = talk().play(*TO_PAY, UNSURE_12K, "不对 | deny", PAY_15K)
    assert "每月一万五" in played.said
    played.play("不对 | deny", PAY_12K)
    assert "一万二" not in played.said
    assert "expected_pay" not in played.learned("slot")


@pytest.mark.parametrize(("confidence", "believed"), [(0.6, False), (0.8, True)])
def test_a_doubtful_value_said_again_is_believed_only_when_it_is_heard_well(confidence: float, believed: bool) -> None:
    unsure_10k = UNSURE_12K.replace("一万二", "以外作人").replace("12000", "10000")
    played = talk().play(*TO_PAY, unsure_10k)
    words = Heard((Hypothesis(played.understander.read(unsure_10k)),), confidence=confidence)
    played.replies.append(played.dialogue.hear(words))
    assert ("expected_pay" in played.learned("slot")) == believed


def test_a_value_that_stays_doubtful_is_asked_for_by_key() -> None:
    unsure_10k = UNSURE_12K.replace("一万二", "以外作人").replace("12000", "10000")
    played = talk().play(*TO_PAY, unsure_10k)
    words = Heard((Hypothesis(played.understander.read(unsure_10k)),), confidence=0.6)
    played.replies += [played.dialogue.hear(words), played.dialogue.hear(words)]
    assert "按一" in played.said
    assert played.last.expects is not None
    assert played.last.expects.keys
    played.play("#2", PAY_12K)
    assert "每月一万二" in played.said
    played.play("#1")
    assert played.learned("slot")["expected_pay"]["min"] == 12000


@pytest.mark.parametrize(("low", "asked_back"), [(3900, True), (4100, False), (32_000, False), (33_000, True)])
def test_pay_far_from_the_job_is_confirmed_however_clear(low: int, asked_back: bool) -> None:
    """The job pays 10,000 to 13,000."""
    played = talk().play(*TO_PAY, f"这么多 | provide {{'expected_pay': {{'min': {low}, 'max': {low}, 'period': 'month'}}}}")
    assert ("expected_pay" not in played.learned("slot")) is asked_back
    assert (played.question == "expected_pay") is asked_back


def test_a_new_uncertain_value_is_confirmed_anew() -> None:
    unsure_15k = UNSURE_12K.replace("一万二", "一万五").replace("12000", "15000")
    played = talk().play(*TO_PAY, UNSURE_12K, unsure_15k)
    assert "每月一万五" in played.said
    played.play("嗯 | backchannel")
    assert played.learned("slot")["expected_pay"]["min"] == 15000


def test_a_later_correction_replaces_and_is_said_back() -> None:
    played = talk().play(*TO_START, PAY_15K)
    assert "每月一万五" in played.said
    assert played.question == "start_date"
    assert played.dialogue.outcome().slots["expected_pay"]["min"] == 15000


def test_numbers_inside_a_story_replace_nothing() -> None:
    heard = {"expected_pay": {"min": 8000, "max": 8000, "period": "month"}}
    played = talk().play(*TO_STORY, f"有个客户一开始只给每个月八千块钱的预算，我去谈了三次，最后签了 | provide {heard}")
    assert played.dialogue.outcome().slots["expected_pay"]["min"] == 12000


def test_words_inside_a_story_end_nothing() -> None:
    played = talk().play(*TO_STORY, "客户一开始很生气，说以后不要再打电话来了，我就上门去道歉，后来又续约了 | ~stop_calling")
    assert played.learned("do_not_call") == {}
    assert played.last.disposition is None


def test_a_guess_at_a_question_does_not_break_a_story() -> None:
    played = talk().play(*TO_STORY, "我们主要靠服务吧 | ~ask_duties")
    assert played.learned("doubt") == {}
    assert played.last.prompts[0].kind is PromptKind.ACKNOWLEDGEMENT


@pytest.mark.parametrize(
    "line", ["不对啊 | ~deny", "不感兴趣 | ~not_interested", "一万二 | ~provide", "好 | ~agree", "行吧 | ~provide agree"]
)
def test_a_guess_decides_no_interest(line: str) -> None:
    played = talk().play(*TO_PITCH, line)
    assert played.question == "pitch"
    assert played.learned("interest") == {}


def test_follow_up_on_what_was_said() -> None:
    played = talk().play(*TO_STORY, "我之前负责电商运营，主要做天猫店铺，活动和客服都管 | provide")
    assert played.last.prompts[-1].text == "您在电商运营中遇到的最大挑战是什么？"
    assert played.last.prompts[-1].kind is PromptKind.FOLLOW_UP
    assert played.question == "ecommerce_challenge"
    played.play("最难的是大促期间的库存，我们提前两个月做预测 | provide")
    assert played.question == "closing"


def test_follow_up_hears_by_sound() -> None:
    played = talk().play(*TO_STORY, "我之前负责点上运营，主要做天猫店铺，活动和客服都管 | provide")  # 点上 for 电商
    assert played.question == "ecommerce_challenge"


def test_short_answer_draws_a_request_for_an_example() -> None:
    assert talk().play(*TO_STORY, "就是多联系 | provide").question == "concrete_example"


def test_behavioural_answers_get_more_patience() -> None:
    expects = talk().play(*TO_STORY).last.expects
    assert expects is not None
    assert expects.patience_ms is not None
    assert expects.patience_ms >= 1500
    assert expects.silence_ms > 6000


@pytest.mark.parametrize("line", ["我想一想 | hesitate", "让我想想 | provide"])
def test_time_to_think(line: str) -> None:
    played = talk().play(*TO_STORY, line)
    assert "慢慢想" in played.said
    assert played.question == "client_relationship"
    assert played.dialogue.outcome().interest is Interest.INTERESTED


@pytest.mark.parametrize("line", ["-", "", "啊吧啊吧 | other"])
def test_asks_again_in_other_words_then_by_keys_then_goes_on(line: str) -> None:
    played = talk().play(*TO_PAY)
    texts = [played.last.prompts[-1].text]
    for _ in range(2):
        played.play(line)
        assert played.question == "expected_pay"
        texts.append(played.last.prompts[-1].text)
    assert len(set(texts)) == 3
    assert "请按一" in texts[2]
    played.play("喂喂 | other" if line in {"-", ""} else line)
    assert played.question == "start_date"


def test_nobody_has_to_answer() -> None:
    played = talk().play(*TO_PAY, "不方便说 | deny")
    assert played.question == "start_date"
    assert played.learned("slot") == {}


def test_an_answer_left_open_is_accepted_the_second_time() -> None:
    played = talk().play(*TO_PAY, "面议吧 | other")
    assert played.question == "expected_pay"
    assert "没听" not in played.said
    assert played.play("看公司安排 | other").question == "start_date"


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (TO_PAY, {"expected_pay": {"min": 12, "max": 12, "period": "month"}}),
        (TO_PAY, {"expected_pay": {"min": 1_200_000, "period": "month"}}),
        (TO_START, {"start_date": {"in_days": 2555}}),
        (TO_START, {"start_date": {"date": "2026-11-01"}}),
    ],
)
def test_an_unlikely_value_is_confirmed(lines: tuple[str, ...], value: dict[str, object]) -> None:
    played = talk().play(*lines, f"嗯这个 | provide {value}")
    assert played.last.expects is not None
    assert played.last.expects.prompt_kind is PromptKind.CONFIRMATION
    assert not set(value) & set(played.learned("slot"))
    played.play("对 | agree")
    assert value.items() <= played.learned("slot").items()


def test_somebody_who_goes_on_talking_at_the_end_is_heard() -> None:
    played = talk().play(*TO_CLOSING, "主要还是响应快，客户一出问题当天就到现场 | other")
    assert "没听" not in played.said
    assert played.question == "closing"
    assert played.learned("doubt") == {}


def test_says_it_again_word_for_word() -> None:
    played = talk().play(*TO_PAY)
    question = played.last.prompts[-1].text
    played.play("没听清 | ask_repeat")
    assert played.last.prompts[-1].text == question
    assert played.last.prompts[0].kind is PromptKind.REPAIR


def test_repeats_the_answer_too() -> None:
    played = talk().play(*TO_PAY, "加班多吗 | ask_overtime")
    answer = played.last.prompts[0].text
    played.play("什么 | ask_repeat")
    assert answer in [prompt.text for prompt in played.last.prompts]


def test_slows_down_for_the_rest_of_the_call() -> None:
    played = talk().play(*TO_PAY, "说慢一点 | ask_slower", PAY_12K)
    assert all(prompt.rate < 1 for reply in played.replies[-2:] for prompt in reply.prompts)
    assert all(prompt.rate == 1 for prompt in played.replies[0].prompts)


def test_hesitation_hears_one_fitting_advantage_once() -> None:
    played = talk().play(*TO_PITCH, "我再考虑考虑 | hesitate")
    assert "百分之三十" in played.said  # 13,000 against 10,000
    assert "两次晋升" in played.said
    assert played.question == "pitch"
    assert played.dialogue.outcome().interest is Interest.HESITANT
    played.play(KEEN, "再说吧 | hesitate")
    assert "百分之三十" not in played.said


def test_advantage_without_a_last_pay() -> None:
    played = talk(brief(last_pay=None)).play(*TO_PITCH, "我再考虑考虑 | hesitate")
    assert "晋升" in played.said
    assert "百分之" not in played.said


def test_material_and_person_are_noted_and_the_talk_goes_on() -> None:
    played = talk().play(*TO_PAY, "资料发我看看 | ask_material")
    assert played.learned("request") == {"material": {"job": "key-account-sales"}}
    assert played.question == "expected_pay"
    played.play("我想找真人 | ask_human")
    assert "王敏" in played.said
    assert played.question == "go_on"
    played.play("可以 | agree")
    assert played.question == "expected_pay"
    assert set(played.dialogue.outcome().requests) == {"material", "human"}


def test_recording_refused_later_returns_to_the_question() -> None:
    played = talk().play(*TO_PAY, "等等，别录音 | deny")
    assert played.learned("consent") == {"recording": False}
    played.play("行 | agree")
    assert played.question == "expected_pay"
    assert played.dialogue.outcome().recording_consent is False


def test_no_recording_before_the_name_is_known() -> None:
    played = talk().play("喂 | greet", "别录音 | deny", "可以继续 | agree")
    assert played.question == "consent"
    assert "张伟本人" in played.said
    assert "大客户" not in played.said
    played.play("是我 | agree")
    assert played.question == "pitch"
    assert played.learned("consent") == {"recording": False}


def test_recording_is_only_refused_by_a_refusal() -> None:
    assert talk().play(YES, "录音可以的 | agree").learned("consent") == {"recording": True}
    played = talk().play(YES, "会录音吗 | ask_who")
    assert played.learned("consent") == {}
    assert played.question == "consent"


def test_recording_refused_by_sound() -> None:
    assert talk().play(YES, "不要路因 | other").learned("consent") == {"recording": False}  # 路因 for 录音


def test_a_notice_cut_off_is_said_again_and_not_agreed_to() -> None:
    played = talk().play(YES)
    notice = played.last.prompts[0]
    played.dialogue.interrupted(notice.text[:8])
    played.play("好的 | agree")
    assert played.last.prompts[0].text == notice.text
    assert not played.last.prompts[0].interruptible
    assert played.question == "consent"
    assert played.learned("consent") == {}
    played.play(READY)
    assert played.learned("consent") == {"recording": True}


def test_an_answer_cut_off_is_not_said_again() -> None:
    played = talk().play(*TO_PAY, "加班多吗 | ask_overtime")
    answer = played.last.prompts[0].text
    played.dialogue.interrupted(answer[:6])
    played.play(PAY_12K)
    assert played.question == "start_date"
    assert answer not in played.said


def test_yes_to_a_question_that_was_not_heard_is_no_yes() -> None:
    played = talk().play(*TO_PITCH)
    played.dialogue.interrupted(played.last.prompts[0].text[:5])
    played.play("好的 | agree")
    assert played.question == "pitch"
    assert played.dialogue.outcome().interest is Interest.UNDETERMINED
    played.dialogue.interrupted("")
    played.play("不需要 | not_interested")
    assert played.question == "talent_pool"


def test_how_much_of_each_prompt_was_heard() -> None:
    said = talk().play(YES).last.prompts
    first, second = (prompt.text for prompt in said)
    assert heard_shares(said, "") == [0, 0]
    assert heard_shares(said, first) == [1, 0]
    assert heard_shares(said, first + second) == [1, 1]
    assert 0 < heard_shares(said, first[:10])[0] < 1
    assert heard_shares(said, first[:10])[1] == 0
    assert 0 < heard_shares(said, first + second[:4])[1] < 1


def test_a_value_said_back_and_never_denied_is_kept() -> None:
    played = talk().play(*TO_START, IN_A_MONTH.replace("provide", "provide?"), "-", "那个啊 | other")
    assert played.last.expects is not None
    assert played.last.expects.prompt_kind is PromptKind.CONFIRMATION
    played.play("嗯这个嘛 | other")
    assert played.question == "years_experience"
    assert played.learned("slot")["start_date"] == {"in_days": 30}


def test_pay_that_was_never_confirmed_is_not_kept() -> None:
    played = talk().play(*TO_PAY, UNSURE_12K, "-", "那个啊 | other", "嗯这个嘛 | other")
    assert played.question == "start_date"
    assert "expected_pay" not in played.learned("slot")


def test_the_longest_conversation() -> None:
    played = talk(limits=Limits(moves=6)).play(*TO_PAY, PAY_12K)
    assert played.last.expects is not None
    played.play(IN_A_MONTH)
    assert played.last.expects is None
    assert str(played.last.disposition) == "partial"


def test_heard_whole_is_heard() -> None:
    played = talk().play(YES)
    played.dialogue.interrupted("".join(prompt.text for prompt in played.last.prompts))
    played.play(READY)
    assert played.question == "pitch"


def test_closing_answers_questions_until_there_are_none() -> None:
    played = talk().play(*TO_CLOSING, "有 | agree")
    assert "您" in played.said
    assert played.question == "closing"
    played.play("试用期多久 | ask_probation", "在哪上班 | ask_location", "工会活动多不多 | other")
    assert played.question == "closing"
    assert played.learned("doubt") == {"ask_probation": True, "ask_location": True, "other": False}
    played.play(NO_MORE)
    assert played.last.expects is None


def test_an_unknown_question_at_the_end_is_passed_on() -> None:
    played = talk().play(*TO_CLOSING, "食堂有辣的吗 | other")
    assert "招聘顾问" in played.said
    assert played.learned("doubt") == {"other": False}


def test_too_many_questions_come_to_an_end() -> None:
    played = talk().play(*TO_CLOSING)
    for index in range(8):
        if played.last.expects is None:
            break
        played.play(f"再问一个{index} | ask_pay")
    assert played.last.expects is None
    assert index <= 6


def test_protected_matters_are_not_stored() -> None:
    played = talk(CallBrief(candidate=CANDIDATE, job=without("overtime"))).play(*TO_PAY, "我刚生了孩子，加班多吗 | ask_overtime")
    assert "孩子" not in played.dialogue.outcome().doubts[0].text
    assert "加班多吗" in played.dialogue.outcome().doubts[0].text
    assert all("孩子" not in item.text for reply in played.replies for item in reply.learned)
    assert played.dialogue.storable("我怀孕了，一个月后到岗") == "（涉及个人隐私，未记录）一个月后到岗"


def test_public_sector_says_the_same_to_everyone() -> None:
    lines = (YES, READY, "有 | agree", PAY_12K, IN_A_MONTH, "五年 | provide {'years_experience': {'years': 5.0}}", STORY, NO_MORE)
    texts = set()
    for call_id, changes in (
        ("a", {}),
        ("b", {"years_experience": None, "employments": ()}),
        ("c", {"status": EmploymentStatus.STUDENT}),
    ):
        played = talk(brief(job=PUBLIC_JOB, **changes), call_id=call_id).play(*lines)
        assert played.last.expects is None
        texts.add("".join(prompt.text for reply in played.replies for prompt in reply.prompts))
    assert len(texts) == 1


def test_public_sector_is_never_personal_whatever_the_script() -> None:
    job = PUBLIC_JOB.model_copy(update={"script": "standard"})
    played = talk(brief(job=job)).play(*TO_YEARS)
    assert "简历" not in played.said
    played.play("五年 | provide {'years_experience': {'years': 5.0}}")
    assert played.question == "team_conflict"  # the one without a condition on the resume


def test_public_sector_gives_dates_and_no_personal_advantage() -> None:
    played = talk(brief(job=PUBLIC_JOB)).play(*TO_PITCH, "流程是什么 | ask_process")
    assert "笔试十二月十二号" in played.said
    assert "以公告为准" in played.said
    played.play("我考虑一下 | hesitate")
    assert "百分之" not in played.said


def test_same_call_same_words_other_call_other_words() -> None:
    def words(call_id: str) -> str:
        return "".join(
            prompt.text for reply in talk(call_id=call_id).play(*TO_CLOSING, NO_MORE).replies for prompt in reply.prompts
        )

    assert words("call-1") == words("call-1")
    assert len({words(f"call-{number}") for number in range(6)}) > 1


def test_acknowledgements_vary_within_a_call() -> None:
    played = talk().play(*TO_CLOSING)
    said = [prompt.text for reply in played.replies for prompt in reply.prompts if prompt.kind is PromptKind.ACKNOWLEDGEMENT]
    assert all(first != second for first, second in pairwise(said))


def test_prompts_known_before_the_call_are_the_ones_said() -> None:
    before = prompts_for(PACK, BRIEF, call_id="call-1", now=NOW)
    said = [prompt.text for reply in talk().play(*TO_CLOSING, NO_MORE).replies for prompt in reply.prompts]
    assert [text for text in said if text not in before] == []
    assert len(before) == len(set(before))


def test_warm_texts_come_true() -> None:
    played = talk().play(*TO_PAY, PAY_12K, IN_A_MONTH)
    for earlier, later in pairwise(played.replies):
        question = later.prompts[-1].text
        assert question in earlier.warm, question


def test_hints_follow_the_open_question() -> None:
    played = talk().play(YES)
    at_consent = played.dialogue.hints()
    assert at_consent[1] == ("方便", "不方便")
    played.play(READY, KEEN)
    words, closed = played.dialogue.hints()
    assert {"一万二", "月薪八千五", "我期望的薪资是一万三左右"} <= set(closed)  # amounts this job makes likely
    assert "五万" not in closed
    assert any("万" in word for word in words)
    assert words != at_consent[0]


def test_hurried_candidates_hear_short_questions() -> None:
    played = talk().play(*TO_PITCH)
    text = played.understander.read(KEEN)
    reply = played.dialogue.hear(Heard((Hypothesis(text),)), Mood(patience=0.3))
    assert [prompt.text for prompt in reply.prompts] == ["您期望的月薪大概是多少？"]


def test_candidate_heard_before_we_spoke() -> None:
    played = talk()
    played.understander.read("喂 | greet")
    played.replies.append(played.dialogue.begin(Heard((Hypothesis("喂"),))))
    played.play("-", "-", "-")
    assert played.last.disposition is not None
    assert str(played.last.disposition) == "partial"  # somebody was there


def test_unknown_script_is_refused_before_dialling() -> None:
    with pytest.raises(PackError, match="no-such"):
        talk(brief(job=JOB.model_copy(update={"script": "no-such"})))


def test_every_learned_item_is_readable_by_the_store() -> None:
    from hr_sync.records import LearnedItem

    played = talk().play(*TO_CLOSING, "加班多吗 | ask_overtime", "转人工 | ask_human", NO_MORE)
    items = [item for reply in played.replies for item in reply.learned]
    assert items
    for item in items:
        LearnedItem(kind=item.name, key=item.key, value=item.value, text=item.text, at=NOW)
