"""Skills, certificates, years of work, status and wishes of a resume."""

from __future__ import annotations

import re

from hr_sync.protected import without_protected
from hr_sync.records import EmploymentStatus
from hr_sync.records.resumes import ResumeField
from hr_sync.resumes.sections import Line, Section

_SPLIT = re.compile(r"[、;；,，|｜。\n]|\s{2,}|(?<=[\u4e00-\u9fff）)]) (?=[\u4e00-\u9fffA-Z])| / ")
_LEVEL = re.compile(
    r"^(?:[-•●◆■*·\d.)）]+\s*)*(?:本人|能够?|可以|具有|具备|有)?(?:熟练掌握|熟练使用|熟练运用|熟练操作|熟练|精通|熟悉|掌握|擅长|了解|熟知|会使用|会用|会|使用|运用|善于|能)?"
)
_LABEL = re.compile(r"^[\u4e00-\u9fffA-Za-z]{2,8}\s*[:：]\s*")
_TAIL = re.compile(
    r"(?:等(?:办公)?(?:软件|工具|框架|语言|技术)?|的使用|操作|[（(](?:精通|熟练|熟悉|掌握|了解|良好|一般)[)）]|[:：]?\s*(?:精通|熟练|熟悉|良好)$)+$"
)
_LONGEST_SKILL = 18
_SKILLS = re.compile(r"(?:专业技能|技能特长|掌握技能|个人技能|技能|技术栈|skills)\s*[:：]\s*(.+)", re.IGNORECASE)
_CERTIFICATE = re.compile(
    r"(?:大学)?英语[四六4648]级(?:证书)?|CET[- ]?[46]|(?:全国)?计算机(?:等级)?[一二三四]级(?:证书)?|"
    r"普通话[一二]级[甲乙]等(?:证书)?|PMP|CPA|CFA|ACCA|HCIP|HCIE|"
    r"驾驶证\s?[ABC][12]|[ABC][12]驾(?:驶证|照)|雅思\s?\d(?:\.\d)?|托福\s?\d{2,3}|专业[四八]级|"
    r"[\u4e00-\u9fff（）()]{2,20}(?:资格证书?|合格证书?|职业证书?|从业证书?|上岗证书?|执业证书?|等级证书?|证书|驾照|驾驶证)|"
    r"(?:初级|中级|高级|注册)(?:会计师?|经济师|审计师|工程师|税务师|建造师|消防工程师|安全工程师|社会工作者|电工|技工)(?:职称|证书?)?|(?:一级|二级)建造师",
    re.IGNORECASE,
)
_YEARS = (
    re.compile(r"(?:工作年限|工作经验|工龄|从业年限|从业经验|工作时间)(?:\s*[:：]\s*|\s{1,})(\d{1,2}(?:\.\d)?)\s*年"),
    re.compile(r"(?<![\d.])(\d{1,2}(?:\.\d)?)\s*(?:\+\s*)?年(?:以上|多)?(?:的)?[\u4e00-\u9fff]{0,10}(?:经验|工作经历|从业)"),
    re.compile(r"(\d{1,2}) years", re.IGNORECASE),
)
_STATUS = (
    (EmploymentStatus.LEFT, r"已离职|离职[-—，, ]*(?:状态|随时|可|正在|中|$)|目前离职|求职状态[:：\s]*离职|待业"),
    (EmploymentStatus.STUDENT, r"应届(?:毕业生|生)|在校生|在读|大[三四]学生|求职状态[:：\s]*应届"),
    (EmploymentStatus.EMPLOYED, r"在职|目前在岗"),
)
_WISH = re.compile(
    r"(?:期望|意向|目标|要求|希望)(?:的)?(?:薪资|月薪|薪酬|工资|待遇|年薪|城市|地点|工作地点|行业|职位|岗位|工作性质)\s*[:：]?\s*[^\s,，;；。|｜]{1,20}(?:元/月|/月)?|"
    r"(?:到岗时间|到岗|可到岗时间|入职时间|报到时间)\s*[:：]\s*[^\s,，;；。|｜]{1,14}|"
    r"可?(?:随时|即时|一周内|两周内|一个月内|\d+\s?[天周个月]+内|月内)(?:可)?(?:到岗|入职|报到|上岗)|"
    r"(?:希望|期望|要求|最好|优先考虑|不考虑|不接受|可接受|能接受|接受|可以接受|能适应|不想|可|愿意)"
    r"[^\s,，;；。|｜]{0,12}(?:双休|单休|大小周|加班|出差|倒班|夜班|驻外|外派|住宿|包吃住|五险一金|社保|公积金|远程|调岗|离家近|稳定|外地|弹性|通勤|食宿|班车)[^\s,，;；。|｜]{0,8}",
)


def skills(sections: dict[Section, list[Line]]) -> ResumeField | None:
    """Skills: the items of their section, or behind their label."""
    lines = sections[Section.SKILLS]
    if not lines:
        lines = [
            Line(line.number, found[1])
            for each in sections.values()
            for line in each
            if (found := _SKILLS.search(line.text)) is not None
        ]
    items: dict[str, None] = {}
    for line in lines:
        for item in _SPLIT.split(_LABEL.sub("", line.text)):
            word = _TAIL.sub("", _LEVEL.sub("", _LABEL.sub("", item.strip()))).strip(" .·:：-和及")
            if 1 < len(word) <= _LONGEST_SKILL and _CERTIFICATE.fullmatch(word) is None:
                items[without_protected(word)[0]] = None
    found_ = [item for item in items if item]
    return _listed("skills", found_, lines, 0.8)


def certificates(sections: dict[Section, list[Line]]) -> ResumeField | None:
    """Certificates: the items of their section, and what is named like one elsewhere."""
    items: dict[str, None] = {}
    own = sections[Section.CERTIFICATES]
    for line in own:
        for item in _SPLIT.split(line.text):
            word = re.sub(
                r"^(?:[-•●◆■*·]|\d+[.、)])\s*|(?:19|20)\d{2}[./年-]\d{0,2}月?\s*|^(?:取得|获得|持有|通过|已取得)", "", item.strip()
            )
            if 1 < len(word) <= 24:
                items[word.strip(" :：")] = None
    others = [
        *sections[Section.SKILLS],
        *sections[Section.HEAD],
        *sections[Section.ABOUT],
        *sections[Section.EDUCATION],
        *sections[Section.PROJECTS],
    ]
    lines = list(own)
    for line in others:
        for found in _CERTIFICATE.finditer(line.text):
            items[re.sub(r"^(?:持有|取得|获得|通过|有|及|和|考取)", "", found[0])] = None
            lines.append(line)
    return _listed("certificates", [item for item in items if item], lines, 0.9 if own else 0.8)


def years(lines: list[Line]) -> ResumeField | None:
    """Years of work, where they are told."""
    for pattern, confidence in zip(_YEARS, (0.95, 0.85, 0.8), strict=True):
        for line in lines:
            if (found := pattern.search(line.text)) is not None and float(found[1]) <= 50:
                return _field("years_experience", float(found[1]), found[0], line, confidence)
    return None


def status(lines: list[Line]) -> ResumeField | None:
    """What the person does now."""
    for state, pattern in _STATUS:
        for line in lines:
            if (found := re.search(pattern, line.text)) is not None:
                return _field("status", state.value, found[0], line, 0.85)
    return None


def wishes(sections: dict[Section, list[Line]]) -> ResumeField | None:
    """What the person asks for, in the resume's own words; also between the lines of a self-assessment."""
    items: dict[str, None] = {}
    lines: list[Line] = []
    for section in (Section.HEAD, Section.WISHES, Section.ABOUT, Section.SKILLS):
        for line in sections[section]:
            for found in _WISH.finditer(line.text):
                wish, taken = without_protected(found[0].strip())
                if wish and not taken:
                    items["".join(wish.split())] = None
                    lines.append(line)
    return _listed("wishes", list(items), lines, 0.85)


def _listed(name: str, items: list[str], lines: list[Line], confidence: float) -> ResumeField | None:
    return _field(name, items, "、".join(items), lines[0], confidence) if items and lines else None


def _field(name: str, value: object, text: str, line: Line, confidence: float) -> ResumeField:
    return ResumeField(name=name, value=value, text=text.strip(), line=line.number, confidence=confidence)
