"""Answers to the candidate's questions: the standard sentences, from every sample job's facts."""

from __future__ import annotations

import re

import pytest

from agi_app.dialogue.answers import Answerer, Given
from agi_app.dialogue.conditions import View
from agi_app.dialogue.facts import read_facts
from agi_app.dialogue.pack.inventory import ANSWERED
from agi_app.dialogue.script import interview_for, personalised
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent
from agi_app.dialogue.wording import Wording
from hr_sync.records import CallBrief, HoursFacts, Job, JobFacts, OvertimeFacts, PayStructure, ProbationFacts
from hr_sync.sample.loader import read_sample
from tests.unit.dialogue_kit import BRIEF, CANDIDATE, FACTS, JOB, NOW, PACK, PAY, brief, without


def answerer(call: CallBrief = BRIEF, call_id: str = "c") -> Answerer:
    interview = interview_for(PACK, call)
    personalise = personalised(interview, call)
    facts = read_facts(call, PACK.terms, NOW, personalise=personalise)
    wording = Wording(PACK, interview, facts, call_id, vary=personalise)
    return Answerer(PACK, View(call, facts, personalise), wording)


def asked(intent: Intent, words: str = "", job: Job = JOB) -> Given:
    return answerer(CallBrief(candidate=CANDIDATE, job=job)).answer(intent, Heard((Hypothesis(words),)))


def with_pay(**changes: object) -> Job:
    return JOB.model_copy(update={"pay": PayStructure.model_validate({**PAY.model_dump(), **changes})})


def with_overtime(**changes: object) -> Job:
    overtime = OvertimeFacts.model_validate({"amount": "sometimes", **changes})
    return JOB.model_copy(update={"facts": FACTS.model_copy(update={"overtime": overtime})})


def test_the_standard_pay_sentence() -> None:
    standard = "该岗位综合薪资范围为每月一万到一万三，其中基础薪资八千，绩效按月考核发放，年终奖按年度业绩评定。"
    assert asked(Intent.ASK_PAY) == Given(standard, answered=True)


def test_overtime_on_project_work() -> None:
    text = asked(Intent.ASK_OVERTIME).text
    assert text == "这个岗位是项目制，偶尔需要加班，旺季主要在六月、十一月。按国家规定支付加班费，也可以安排调休。"


def test_social_insurance() -> None:
    text = asked(Intent.ASK_SOCIAL_INSURANCE).text
    assert text == "社保缴纳基数为岗位薪资的百分之百，公司承担百分之十六，个人承担百分之八。"


RANGE = "该岗位综合薪资范围为每月一万到一万三，其中基础薪资八千"


@pytest.mark.parametrize(
    ("intent", "words", "job", "text"),
    [
        (Intent.ASK_PAY, "", with_pay(bonus_months_min=0, bonus_months_max=0), f"{RANGE}，绩效按月考核发放。"),
        (Intent.ASK_PAY, "", with_pay(performance=0), f"{RANGE}，年终奖按年度业绩评定。"),
        (Intent.ASK_PAY, "", with_pay(performance=0, bonus_months_min=0, bonus_months_max=0), f"{RANGE}。"),
        (Intent.ASK_PAY, "", with_pay(performance_cycle="quarter"), f"{RANGE}，绩效按季度考核发放，年终奖按年度业绩评定。"),
        (Intent.ASK_PAY, "底薪多少", JOB, "基础薪资是每月八千，另外绩效满额两千。"),
        (Intent.ASK_PAY, "年终奖几个月", JOB, "年终奖是一到三个月的工资，按年度业绩评定。"),
        (Intent.ASK_PAY, "年中奖几个月", JOB, "年终奖是一到三个月的工资，按年度业绩评定。"),
        (Intent.ASK_OVERTIME, "", with_overtime(amount="none"), "这个岗位基本不加班，上班时间是上午九点到下午六点。"),
        (Intent.ASK_OVERTIME, "", with_overtime(amount="rare", time_off_in_lieu=True), "这个岗位很少加班，加班之后可以安排调休。"),
        (Intent.ASK_OVERTIME, "", with_overtime(amount="often"), "这个岗位加班会比较多。"),
        (Intent.ASK_OVERTIME, "", with_overtime(project_based=True), "这个岗位是项目制，偶尔需要加班。"),
        (Intent.ASK_OVERTIME, "", with_overtime(pay_rule="可调休", time_off_in_lieu=True), "这个岗位偶尔需要加班。可调休。"),
        (Intent.ASK_SOCIAL_INSURANCE, "公积金呢", JOB, "公积金比例是百分之十二，入职当月起缴。"),
        (Intent.ASK_WORKING_HOURS, "", JOB, "上班时间是上午九点到下午六点，周末双休。"),
        (Intent.ASK_WORKING_HOURS, "是双休吗", JOB, "周末双休，上班时间是上午九点到下午六点。"),
        (Intent.ASK_PROMOTION, "", JOB, "每年有两次晋升评审，路径是客户经理、高级经理到销售总监。"),
        (Intent.ASK_LOCATION, "", JOB, "工作地点在滨江区江南大道一百号，地铁一号线江陵路站步行五分钟。"),
        (Intent.ASK_PROBATION, "", JOB, "试用期三个月，期间工资按百分之八十发放。"),
        (Intent.ASK_PROCESS, "", JOB, "流程是电话沟通、现场面试、录用，这次通话之后三个工作日内答复。"),
        (Intent.ASK_DUTIES, "", JOB, "主要工作是开发和维护大客户。另外还要制定合作方案。"),
        (Intent.ASK_TEAM, "多少人", JOB, "团队目前有十二个人。"),
        (Intent.ASK_NUMBER_SOURCE, "", JOB, "您的联系方式来自智联招聘上您投递的简历，我们只用于招聘联系。"),
    ],
)  # fmt: skip
def test_answer(intent: Intent, words: str, job: Job, text: str) -> None:
    assert asked(intent, words, job) == Given(text, answered=True)


@pytest.mark.parametrize(
    ("months", "percent", "text"),
    [(0, 100, "没有试用期"), (6, 100, "试用期六个月，期间工资不打折"), (2, 80, "试用期两个月，期间工资按百分之八十")],
)
def test_probation(months: int, percent: int, text: str) -> None:
    facts = FACTS.model_copy(update={"probation": ProbationFacts(months=months, pay_percent=percent)})
    assert text in asked(Intent.ASK_PROBATION, job=JOB.model_copy(update={"facts": facts})).text


def test_lunch() -> None:
    hours = HoursFacts(start="09:00", end="18:30", lunch_break_minutes=90)
    job = JOB.model_copy(update={"facts": FACTS.model_copy(update={"hours": hours})})
    assert asked(Intent.ASK_WORKING_HOURS, "中午休息多久", job).text == "中午休息一个半小时。"


FACT_OF = {
    Intent.ASK_OVERTIME: "overtime",
    Intent.ASK_WORKING_HOURS: "hours",
    Intent.ASK_SOCIAL_INSURANCE: "insurance",
    Intent.ASK_BENEFITS: "benefits",
    Intent.ASK_TEAM: "team",
    Intent.ASK_PROMOTION: "promotion",
    Intent.ASK_LOCATION: "place",
    Intent.ASK_PROBATION: "probation",
    Intent.ASK_PROCESS: "process",
    Intent.ASK_DUTIES: "duties",
}


@pytest.mark.parametrize("intent", FACT_OF)
def test_a_missing_fact_is_passed_on(intent: Intent) -> None:
    answers = answerer(CallBrief(candidate=CANDIDATE, job=without(FACT_OF[intent])))
    first, second = answers.answer(intent), answers.answer(intent)
    assert not first.answered
    assert "招聘顾问" in first.text
    assert not second.answered
    assert first.text != second.text


def test_a_missing_detail_is_passed_on_though_the_rest_is_known() -> None:
    insurance = FACTS.insurance
    assert insurance is not None
    facts = FACTS.model_copy(update={"insurance": insurance.model_copy(update={"housing_fund_percent": None})})
    job = JOB.model_copy(update={"facts": facts})
    assert not asked(Intent.ASK_SOCIAL_INSURANCE, "公积金交多少", job).answered
    assert asked(Intent.ASK_SOCIAL_INSURANCE, "社保交多少", job).answered


def test_unknown_source_of_the_number() -> None:
    given = answerer(brief(source=None)).answer(Intent.ASK_NUMBER_SOURCE)
    assert not given.answered
    assert "核实" in given.text


def test_asked_again_in_other_words() -> None:
    answers = answerer()
    first, second = answers.answer(Intent.ASK_PAY), answers.answer(Intent.ASK_PAY)
    assert second.answered
    assert first.text != second.text
    assert "八千" in second.text or "一万到一万三" in second.text


def sample_calls() -> list[CallBrief]:
    sample = read_sample()
    return [CallBrief(candidate=candidate, job=job) for job in sample.jobs for candidate in sample.candidates]


@pytest.mark.parametrize("intent", ANSWERED)
def test_every_answer_of_the_sample_data_suits_the_ear(intent: Intent) -> None:
    for call in sample_calls():
        for call_id in "ab":
            answers = answerer(call, call_id)
            for given in (answers.answer(intent), answers.answer(intent)):
                sentences = [sentence for sentence in re.split("[。？！]", given.text) if sentence]
                assert 1 <= len(sentences) <= 3, given.text
                assert all(len(sentence) <= 64 for sentence in sentences), given.text
                assert not re.search(r"[{}\[\]]|None|，，|。。|，。", given.text), given.text
                assert given.text.endswith(("。", "？")), given.text


def test_the_advantage_speaks_of_pay_only_when_it_is_one() -> None:
    def advantage(last_pay: int | None) -> str:
        return answerer(brief(last_pay=last_pay)).answer(Intent.HESITATE).text

    assert "百分之三十" in advantage(10000)
    assert "百分之二十" in advantage(10500)
    for last_pay in (None, 12900, 13000, 20000, 100):
        assert "百分之" not in advantage(last_pay)


def test_facts_have_nothing_protected() -> None:
    facts = read_facts(BRIEF, PACK.terms, NOW)
    assert not [
        name for name in facts if re.search("age|gender|marri|child|health|relig|ethnic", name) and name != "candidate.last_role"
    ]


def test_no_facts_at_all() -> None:
    facts = read_facts(CallBrief(candidate=CANDIDATE, job=JOB.model_copy(update={"facts": JobFacts()})), PACK.terms, NOW)
    assert facts["pay.range"] == "一万到一万三"
    assert facts["overtime.amount"] is None
    assert facts["overtime.paid"] is None
