"""Employments of a resume: each begins with a period; the employer and the role stand in its line or beside it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from hr_sync.protected import without_protected
from hr_sync.records.resumes import ResumeField
from hr_sync.resumes.periods import Period, period
from hr_sync.resumes.sections import Line

_EMPLOYER = re.compile(
    r"[\u4e00-\u9fffA-Za-z0-9（）()&·.]{2,30}?(?:有限责任公司|股份有限公司|集团有限公司|有限公司|分公司|子公司|公司|集团|事务所|工作室|研究院|研究所|设计院|医院|"
    r"银行|保险|学校|大学|学院|中学|小学|幼儿园|监测站|监测中心|中心|超市|商场|酒店|宾馆|饭店|餐厅|药店|专卖店|门店|卖场|工厂|制造厂|[\u4e00-\u9fff]厂|合作社|委员会|居委会|社区|"
    r"街道办(?:事处)?|管理局|环保局|分局|[\u4e00-\u9fff]{2,}局|支行|物业|科技|网络)(?:[（(][\u4e00-\u9fff]{2,8}[)）])?"
    r"|[A-Z][A-Za-z&. ]{2,40}(?:Ltd\.?|Inc\.?|Co\.?|Company|Group|Corp\.?)"
)
_ROLE_END = (
    "经理|主管|专员|工程师|代表|会计师?|出纳|助理|总监|顾问|教师|老师|护士长?|护士|技术员|监测员|检测员|分析员|化验员|采样员|质检员|文员|司机|店长|组长|班长|队长|部长|主任|"
    "销售员?|客服|客服专员|运营|开发|设计师?|测试|产品经理|程序员|操作工|电工|焊工|钳工|技师|厨师|营业员|收银员|导购|仓管员?|保管员|调度员?|采购员?|跟单员?|业务员|"
    "翻译|编辑|记者|律师|法务|讲师|培训师|策划|分析师|架构师|审计员?|实习生|管培生|药师|医师|医生|科员|干事|书记|村官|网格员|社工|文秘|秘书|前台|行政|人事|招聘|专家|研究员|员|学徒|工|"
    "engineer|manager|developer|accountant|specialist|assistant|director|intern"
)
_ROLE = re.compile(rf"[\u4e00-\u9fffA-Za-z+#./&]{{0,14}}(?:{_ROLE_END})(?:[（(][^()（）]{{1,8}}[)）])?", re.IGNORECASE)
_LABELLED_ROLE = re.compile(
    r"(?:职位|岗位|职务|担任|任职|职称|position|title)(?:\s*[:：]\s*|\s{1,})([^\s|｜,，;；。]{2,16})", re.IGNORECASE
)
_LABELLED_EMPLOYER = re.compile(
    r"(?:公司|单位|工作单位|公司名称|单位名称|雇主|company)(?:\s*[:：]\s*)([^\s|｜,，;；。]{2,30})", re.IGNORECASE
)
_TOKEN = re.compile(r"[^\s|｜,，;；/·•]+")
_DEPARTMENT = re.compile(r"部$|部门|事业部|科室|组$")
_SUMMARY = 300
"""Characters kept of what somebody wrote about a job."""
_SENTENCE = 26
"""A line longer than this tells of the work; it does not name employer or role."""


def read(lines: list[Line]) -> ResumeField | None:
    """All employments, newest first; None when there are none."""
    starts = [(place, found) for place, line in enumerate(lines) if (found := period(line.text)) is not None]
    employments: list[dict[str, Any]] = []
    taken: set[int] = set()
    sure: list[float] = []
    for order, (place, span) in enumerate(starts):
        until = starts[order + 1][0] if order + 1 < len(starts) else len(lines)
        employment, confidence = _entry(lines, place, until, span, taken)
        if employment is not None:
            employments.append(employment)
            sure.append(confidence)
    if not employments:
        return None
    employments.sort(key=lambda item: str(item["start"]), reverse=True)
    first = lines[starts[0][0]]
    text = "；".join(f"{item['start'][:7]} {item['employer']} {item['role']}" for item in employments)
    return ResumeField(name="employments", value=employments, text=text, line=first.number, confidence=round(min(sure), 2))


def years(employments: list[dict[str, Any]], today: date) -> float:
    """Years covered by employments, overlaps once."""
    days, covered = 0, date.min
    for start, end in sorted(
        (date.fromisoformat(item["start"]), date.fromisoformat(item["end"]) if item["end"] else today) for item in employments
    ):
        days += max(0, (end - max(start, covered)).days)
        covered = max(covered, end)
    return round(days / 365.25, 1)


def _entry(lines: list[Line], place: int, until: int, span: Period, taken: set[int]) -> tuple[dict[str, Any] | None, float]:
    """The employment whose period stands in a line."""
    own = lines[place].text[: span.place[0]] + "  " + lines[place].text[span.place[1] :]
    behind = [(at, lines[at].text) for at in range(place + 1, min(until, place + 3))]
    before = [(place - 1, lines[place - 1].text)] if place > 0 and place - 1 not in taken else []
    beside = [(place, own)]
    short = [(at, text) for at, text in behind if len(text) <= _SENTENCE or _labelled(text)]
    above = [(at, text) for at, text in before if len(text) <= _SENTENCE + 10 and period(text) is None]
    employer, employer_at = _first(
        _employer, [*beside, *above, *short] if _employer(own) is None and above else [*beside, *short, *above]
    )
    if employer is None:
        return None, 0.0
    own_lines = [(at, text) for at, text in (*beside, *above, *short) if at == employer_at]
    others = [(at, text) for at, text in (*beside, *short) if _employer(text) in {None, employer}]
    role, role_at = _first(lambda text: _role(text, employer), [*own_lines, *others])
    used = {place, employer_at, role_at}
    taken |= used
    rest = [lines[at].text for at in range(place + 1, until) if at not in used]
    if until < len(lines) and rest and _employer(rest[-1]) is not None and len(rest[-1]) <= _SENTENCE + 10:
        rest.pop()  # the next employment's employer, which stands above its period
    summary, _ = without_protected(" ".join(line.lstrip("-•●◆■*· ") for line in rest))
    employment = {
        "employer": employer,
        "role": role or "",
        "industry": None,
        "start": span.start.isoformat(),
        "end": span.end.isoformat() if span.end else None,
        "summary": summary[:_SUMMARY],
    }
    return employment, 0.9 if role and employer_at == place else 0.8 if role else 0.6


def _first(read_: Any, places: list[tuple[int, str]]) -> tuple[str | None, int]:  # noqa: ANN401 - a reader of text
    for at, text in places:
        if (found := read_(text)) is not None:
            return str(found), at
    return None, -1


def _labelled(text: str) -> bool:
    return _LABELLED_ROLE.search(text) is not None or _LABELLED_EMPLOYER.search(text) is not None


def _employer(text: str) -> str | None:
    if (labelled := _LABELLED_EMPLOYER.search(text)) is not None:
        return labelled[1]
    for token in re.split(r"\s{2,}|[|｜,，;；]|\s/\s", text):
        if (found := _EMPLOYER.search(token.strip())) is not None:
            rest = token.strip()[found.end() :]
            # 杭州绿帆包装有限公司 is whole, 中心 of 呼叫中心 is not when a role goes on behind it.
            return found[0] if not rest or rest[0] in " (（-—" or _ROLE.fullmatch(rest.strip()) else _whole(token.strip())
    return None


def _whole(token: str) -> str:
    longest = max(_EMPLOYER.finditer(token), key=lambda match: match.end())
    return token[: longest.end()]


def _role(text: str, employer: str | None) -> str | None:
    if (labelled := _LABELLED_ROLE.search(text)) is not None:
        return labelled[1]
    bare = text.replace(employer, "  ") if employer else text
    for token in _TOKEN.findall(bare):
        found = _ROLE.fullmatch(token.strip("()（）-—:："))
        if found is not None and _DEPARTMENT.search(token) is None:
            return found[0]
    return None
