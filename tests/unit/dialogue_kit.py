"""A sample call and a scripted understander for dialogue tests: each line of a conversation says what it means."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.pack import load_pack
from agi_app.dialogue.reply import Reply
from agi_app.dialogue.turn import Limits
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent, Understanding
from hr_sync.records import (
    CallBrief,
    Candidate,
    Company,
    Degree,
    Employment,
    EmploymentStatus,
    HoursFacts,
    InsuranceFacts,
    Job,
    JobFacts,
    MoneyRange,
    OvertimeFacts,
    PayStructure,
    PlaceFacts,
    ProbationFacts,
    ProcessDate,
    ProcessFacts,
    PromotionFacts,
    Recruiter,
    Sector,
    TeamFacts,
)

PACK_FOLDER = Path(__file__).resolve().parents[2] / "models" / "zh_CN"
PACK = load_pack(PACK_FOLDER)
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=8)))  # a Monday

COMPANY = Company(
    id="yunfan",
    name="云帆科技有限公司",
    short_name="云帆科技",
    city="杭州",
    address="滨江区江南大道一百号",
    industry="企业软件",
    introduction="我们是一家做企业软件的公司，总部在杭州。",
    headcount=600,
)
FACTS = JobFacts(
    duties=("开发和维护大客户", "制定合作方案", "跟进回款"),
    benefits=("五险一金", "带薪年假", "年度体检"),
    overtime=OvertimeFacts(
        amount="sometimes",
        project_based=True,
        peak_seasons=("六月", "十一月"),
        pay_rule="按国家规定支付加班费",
        time_off_in_lieu=True,
    ),
    insurance=InsuranceFacts(base_rule="岗位薪资的百分之百", employer_percent=16, employee_percent=8, housing_fund_percent=12),
    promotion=PromotionFacts(reviews_a_year=2, path=("客户经理", "高级经理", "销售总监")),
    team=TeamFacts(size=12, introduction="团队以大客户销售为主", leader="李经理"),
    place=PlaceFacts(city="杭州", address="滨江区江南大道一百号", transport="地铁一号线江陵路站步行五分钟"),
    hours=HoursFacts(start="09:00", end="18:00"),
    probation=ProbationFacts(months=3, pay_percent=80),
    process=ProcessFacts(steps=("电话沟通", "现场面试", "录用"), days_to_answer=3),
    highlights=("客户资源成熟，上手快",),
)
PAY = PayStructure(
    id="pay-1",
    base=MoneyRange(min=8000, max=8000),
    performance=2000,
    bonus_months_min=1,
    bonus_months_max=3,
    range=MoneyRange(min=10000, max=13000),
)
JOB = Job(
    id="key-account-sales",
    title="大客户销售经理",
    company=COMPANY,
    competencies=("customer_relations", "goal_orientation"),
    pay=PAY,
    facts=FACTS,
    pitch="这个岗位负责行业大客户，薪资每月一万到一万三，客户资源成熟",
    recruiter=Recruiter(name="王敏", email="wangmin@example.com"),
)
CANDIDATE = Candidate(
    id="zhang-wei",
    name="张伟",
    phone="+8613800000001",
    status=EmploymentStatus.EMPLOYED,
    degree=Degree.BACHELOR,
    years_experience=5,
    last_pay=10000,
    employments=(Employment(employer="海川公司", role="客户经理", start=date(2021, 3, 1), summary="负责大客户维护"),),
    source="智联招聘上您投递的简历",
)
BRIEF = CallBrief(candidate=CANDIDATE, job=JOB)
PUBLIC_JOB = JOB.model_copy(
    update={
        "id": "public-sector-technician",
        "title": "设备技术员",
        "sector": Sector.PUBLIC,
        "script": "public-sector",
        "competencies": ("responsibility",),
        "facts": FACTS.model_copy(
            update={
                "process": ProcessFacts(
                    steps=("笔试", "面试", "体检", "政审"),
                    schedule=(ProcessDate(step="笔试", start=date(2026, 12, 12)), ProcessDate(step="面试", start=date(2027, 1, 9))),
                )
            }
        ),
    }
)


def brief(*, job: Job = JOB, candidate: Candidate = CANDIDATE, **changes: Any) -> CallBrief:
    """The sample call, with changes to its candidate."""
    return CallBrief(candidate=candidate.model_copy(update=changes), job=job)


def without(*parts: str) -> Job:
    """The sample job with facts missing."""
    return JOB.model_copy(
        update={"facts": FACTS.model_copy(update={part: JobFacts.model_fields[part].get_default() for part in parts})}
    )


_LINE = re.compile(r"^(?P<text>[^|]*?)\s*\|\s*(?P<guess>~)?(?P<intents>[a-z_ ]+)(?P<sure>\?)?(?P<hold>!)?\s*(?P<slots>\{.*\})?$")


@dataclass
class Scripted:
    """Understands lines of the form `我期望一万二 | provide ask_pay {"expected_pay": {...}}`.

    `provide?` needs confirmation, `~agree` is a guess, `other!` asks to wait.
    """

    meanings: dict[str, Understanding] = field(default_factory=dict)
    questions: list[str | None] = field(default_factory=list)

    def read(self, line: str) -> str:
        """Note what a line means; returns the words alone."""
        match = _LINE.match(line)
        if match is None:
            return line
        intents = [Intent(name) for name in match["intents"].split()]
        slots = ast.literal_eval(match["slots"] or "{}")
        text = match["text"]
        self.meanings[text] = Understanding(
            None,
            text,
            intents[0],
            0.5 if match["guess"] else 0.95,
            slots,
            bool(match["sure"]),
            tuple(intents[1:]),
            hold=bool(match["hold"]),
        )
        return text

    def understand(self, heard: Heard, *, question: str | None, now: datetime) -> Understanding:
        self.questions.append(question)
        meaning = self.meanings.get(heard.text, Understanding(None, heard.text, Intent.OTHER, 0.4))
        return replace(meaning, question=question)

    def is_backchannel(self, text: str) -> bool:
        return text in ("嗯", "好的")

    def vocabulary(self, question: str | None) -> tuple[str, ...]:
        return ("万", "千") if question == "expected_pay" else ()

    def closed_answers(self, question: str | None) -> tuple[str, ...]:
        return ("方便", "不方便") if question == "consent" else ()


@dataclass
class Talk:
    """A conversation played in a test."""

    dialogue: Dialogue
    understander: Scripted
    replies: list[Reply] = field(default_factory=list)

    def play(self, *lines: str) -> Talk:
        """Begin if need be, then say each line; `-` is silence, `#1` a key."""
        if not self.replies:
            self.replies.append(self.dialogue.begin())
        for line in lines:
            self.replies.append(self.say(line))
        return self

    def say(self, line: str) -> Reply:
        if line == "-":
            return self.dialogue.silence()
        if line.startswith("#"):
            return self.dialogue.hear(Heard((), key=line[1:]))
        text = self.understander.read(line)
        return self.dialogue.hear(Heard((Hypothesis(text),) if text else ()))

    @property
    def last(self) -> Reply:
        return self.replies[-1]

    @property
    def said(self) -> str:
        return "".join(prompt.text for prompt in self.last.prompts)

    @property
    def question(self) -> str | None:
        return self.last.expects.question if self.last.expects else None

    def learned(self, name: str) -> dict[str, Any]:
        return {item.key: item.value for reply in self.replies for item in reply.learned if item.name == name}


def talk(call: CallBrief = BRIEF, *, call_id: str = "call-1", limits: Limits | None = None) -> Talk:
    """A fresh conversation."""
    understander = Scripted()
    dialogue = Dialogue(PACK, understander, call, call_id=call_id, now=lambda: NOW, limits=limits)
    return Talk(dialogue, understander)


YES = "是我 | agree"
READY = "方便，你说 | agree"
KEEN = "有兴趣 | agree"
UNSURE_12K = "一万二 | provide? {'expected_pay': {'min': 12000, 'max': 12000, 'period': 'month'}}"
PAY_12K = "一万二左右 | provide {'expected_pay': {'min': 12000, 'max': 12000, 'period': 'month'}}"
IN_A_MONTH = "一个月以后 | provide {'start_date': {'in_days': 30}}"
RIGHT = "对 | agree"
STORY = "我每个月都会拜访老客户，了解他们的需求，去年有三家续约了 | provide"
NO_MORE = "没有了 | deny"
TO_PITCH = (YES, READY)
TO_PAY = (*TO_PITCH, KEEN)
TO_START = (*TO_PAY, PAY_12K)
TO_YEARS = (*TO_START, IN_A_MONTH)
TO_STORY = (*TO_YEARS, RIGHT)
TO_CLOSING = (*TO_STORY, STORY)
