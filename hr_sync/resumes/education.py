"""The highest degree of a resume: degree, school, major, day of graduation."""

from __future__ import annotations

import re
from functools import lru_cache

from hr_sync.records import Degree
from hr_sync.records.resumes import ResumeField
from hr_sync.resumes.periods import period
from hr_sync.resumes.sections import Line, Section
from hr_sync.screening.terms import classes_of, full_major

_WORDS = (
    (Degree.DOCTOR, r"博士(?:研究生|后)?|\bph\.?d\b|doctor of"),
    (Degree.MASTER, r"硕士(?:研究生)?|(?<!博士)研究生|\be?mba\b|master(?:'s)?\b"),
    (Degree.BACHELOR, r"本科|学士|专升本|bachelor(?:'s)?\b|\bb\.?(?:sc|a|eng)\b"),
    (Degree.COLLEGE, r"大专|专科|高职|associate"),
    (Degree.VOCATIONAL, r"中专|中技|职高|技校|中职"),
    (Degree.HIGH_SCHOOL, r"高中"),
    (Degree.JUNIOR_HIGH, r"初中"),
)
_SCHOOL = re.compile(
    r"[\u4e00-\u9fff]{2,18}(?:职业技术学院|职业学院|技术学院|大学(?:[\u4e00-\u9fff]{0,4}(?:分校|校区))?|学院|党校|职业技术学校|技工学校|学校|中学|一中|二中|职高|技校)"
    r"(?:[（(][\u4e00-\u9fff]{2,6}[)）])?|(?:[A-Z][a-z]+ )*University(?: of [A-Z][a-z]+(?: [A-Z][a-z]+)*)?"
)
_LABELLED_DEGREE = re.compile(r"(?:最高学历|学历|文化程度|学位)(?:\s*[:：]\s*|\s+)(\S{2,10})")
_LABELLED_MAJOR = re.compile(
    r"(?:所学专业|专业名称|主修专业|主修|专业|major)(?:\s*[:：]\s*|\s{2,})"
    r"([\u4e00-\u9fffA-Za-z][\u4e00-\u9fffA-Za-z（）() ]{1,24}?)"
    r"(?=$|\s{1,}|[,，;；|｜。、])",
    re.IGNORECASE,
)
_LABELLED_SCHOOL = re.compile(r"(?:毕业院校|毕业学校|学校|院校|就读院校)(?:\s*[:：]\s*|\s+)(\S+)")
_GRADUATED = re.compile(r"(?:毕业时间|毕业日期|毕业年份|毕业于?)(?:\s*[:：]\s*|\s+)?(\d{4})(?:\s*[./年-]\s*(\d{1,2}))?")
_SUMMER = 6
_MAJOR_LIKE = re.compile(
    r"[\u4e00-\u9fff]{2,16}(?:工程|技术|科学|管理|设计|语|法学|经济学?|教育|化学|医学|会计|营销|商务|贸易|金融|物流|自动化|文学|应用|学|专业)"
)
_TOKEN = re.compile(r"[^\s|｜,，;；/、·•()（）\[\]【】]+")
_NOT_A_MAJOR = re.compile(
    r"大学|学院|学校|中学|本科|硕士|博士|专科|大专|学士|高中|中专|统招|全日制|成绩|课程|奖学金|班长|主席|系$|届|研究生|毕业|课$"
)


def read(sections: dict[Section, list[Line]]) -> list[ResumeField]:
    """Degree, major, school and day of graduation, as far as they are told."""
    head, lines = sections[Section.HEAD], sections[Section.EDUCATION]
    fields: dict[str, ResumeField] = {}
    best = _best(lines)
    if best is not None:
        degree, place = best
        near = lines[max(0, place - 1) : place + 3]
        fields |= {field.name: field for field in _entry(lines, place, near, degree)}
    else:
        fields |= {field.name: field for field in _entry(lines, 0, lines[:3], None)}
    for line in (*head, *lines):
        for field in _labelled(line):
            known = fields.get(field.name)
            if known is None or known.confidence < field.confidence:
                fields[field.name] = field
    return list(fields.values())


def degree_in(text: str) -> tuple[Degree, str] | None:
    """The highest degree named in a text, and its word."""
    for degree, words in _WORDS:
        if (found := re.search(words, text, re.IGNORECASE)) is not None:
            return degree, found[0]
    return None


def _best(lines: list[Line]) -> tuple[Degree, int] | None:
    """The highest degree of the section and the place of its line."""
    order = list(Degree)
    found = [(named[0], place) for place, line in enumerate(lines) if (named := degree_in(line.text)) is not None]
    return max(found, key=lambda pair: (order.index(pair[0]), -pair[1])) if found else None


def _entry(lines: list[Line], place: int, near: list[Line], degree: Degree | None) -> list[ResumeField]:
    """What the lines around the highest degree tell; the line itself first."""
    if not lines:
        return []
    here = lines[place]
    found: list[ResumeField] = []
    if degree is not None:
        named = degree_in(here.text)
        found.append(_field("degree", degree.value, named[1] if named else "", here, 0.93))
    ordered = [here, *(line for line in near if line is not here)]
    for line in ordered:
        school = _SCHOOL.search(line.text)
        if school is not None:
            found.append(_field("school", school[0], school[0], line, 0.92 if line is here else 0.82))
            break
    for line in ordered:
        major = _major(line.text)
        if major is not None:
            found.append(_field("major", major, major, line, 0.88 if line is here else 0.8))
            break
    for line in ordered:
        span = period(line.text)
        if span is not None and span.end is not None:
            told = re.search(r"\d{4}(?:\s*[./年]\s*\d{1,2}\s*月?|-\d{1,2})$", span.text) is not None
            day = span.end if told else span.end.replace(month=_SUMMER)  # a year alone: degrees are given in June
            found.append(_field("graduated", day.isoformat(), span.text, line, 0.85 if told else 0.7))
            break
    return found


def _major(text: str) -> str | None:
    """The token of a line of education that is a major: a known one before one that looks like it."""
    tokens: list[str] = [token.removesuffix("专业") for token in _TOKEN.findall(_SCHOOL.sub(" ", text))]
    likely = [token for token in tokens if len(token) >= 2 and _NOT_A_MAJOR.search(token) is None]
    for token in likely:
        if _known(token):
            return token
    for token in likely:
        if _MAJOR_LIKE.fullmatch(token):
            return token
    return None


@lru_cache(maxsize=4096)
def _known(token: str) -> bool:
    return bool(classes_of(full_major(token)))


def _labelled(line: Line) -> list[ResumeField]:
    found = []
    if (match := _LABELLED_DEGREE.search(line.text)) is not None and (named := degree_in(match[1])) is not None:
        found.append(_field("degree", named[0].value, match[0], line, 0.96))
    if (match := _LABELLED_MAJOR.search(line.text)) is not None and _NOT_A_MAJOR.search(match[1]) is None:
        found.append(_field("major", match[1].strip(), match[0], line, 0.95))
    if (match := _LABELLED_SCHOOL.search(line.text)) is not None and (school := _SCHOOL.search(match[1])) is not None:
        found.append(_field("school", school[0], match[0], line, 0.96))
    if (match := _GRADUATED.search(line.text)) is not None:
        found.append(_field("graduated", f"{match[1]}-{int(match[2] or _SUMMER):02d}-01", match[0], line, 0.9 if match[2] else 0.7))
    return found


def _field(name: str, value: object, text: str, line: Line, confidence: float) -> ResumeField:
    return ResumeField(name=name, value=value, text=text.strip(), line=line.number, confidence=confidence)
