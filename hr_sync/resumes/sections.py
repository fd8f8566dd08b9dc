"""The parts of a resume, by their headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Section(StrEnum):
    """What a part of a resume is about."""

    HEAD = "head"
    WISHES = "wishes"
    EDUCATION = "education"
    WORK = "work"
    PROJECTS = "projects"
    SKILLS = "skills"
    CERTIFICATES = "certificates"
    ABOUT = "about"


_HEADINGS = {
    Section.HEAD: "个人信息|基本信息|个人资料|基本资料|个人概况|联系方式|personal information|contact",
    Section.WISHES: "求职意向|求职意愿|期望工作|职业意向|求职期望|求职目标|job objective|objective",
    Section.EDUCATION: "教育背景|教育经历|学历背景|教育情况|学习经历|教育|education",
    Section.WORK: "工作经历|工作经验|职业经历|工作履历|任职经历|实习经历|实习经验|"
    "从业经历|工作背景|work experience|experience|employment",
    Section.PROJECTS: "项目经历|项目经验|主要项目|校园经历|在校经历|社会实践|获奖情况|荣誉奖励|主要荣誉|projects",
    Section.SKILLS: "专业技能|技能特长|职业技能|技能|个人技能|技能专长|掌握技能|核心技能|技术栈|it技能|skills",
    Section.CERTIFICATES: "资格证书|证书|所获证书|技能证书|证书资质|职业资格|专业证书|资质证书|证书与资质|"
    "certificates|certifications",
    Section.ABOUT: "自我评价|个人评价|自我介绍|个人优势|个人简介|关于我|个人总结|备注|其他|其它|说明|about me|summary",
}
_DECORATION = re.compile(r"^[\s■●◆▪•★☆▶►◇□○\-—=#*【\[<《|｜\d一二三四五六七八九十]*[、.．]?\s*(.*?)[\s】\]>》■●◆▪•\-—=*|｜:：]*$")
_ENGLISH = re.compile(r"[A-Za-z &/]+$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a resume's text with its number, from 1."""

    number: int
    text: str


def split(text: str) -> dict[Section, list[Line]]:
    """Lines by section, headings left out; what stands before the first heading is the head."""
    found: dict[Section, list[Line]] = {section: [] for section in Section}
    here = Section.HEAD
    for number, raw in enumerate(text.split("\n"), 1):
        heading, rest = _heading(raw)
        if heading is not None:
            here = heading
            if not rest:
                continue
        found[here].append(Line(number, rest if heading is not None else raw))
    return found


def _heading(line: str) -> tuple[Section | None, str]:
    """The section a line opens, and what stands behind the heading in the same line."""
    bare = _DECORATION.sub(r"\1", line).strip()
    words = _ENGLISH.sub("", bare).strip() or bare
    for section, names in _headings():
        if re.fullmatch(names, words, re.IGNORECASE) or re.fullmatch(names, "".join(words.split()), re.IGNORECASE):
            return section, ""
        behind = re.fullmatch(rf"(?:{names})\s*[:：]\s*(.+)", bare, re.IGNORECASE)
        if behind is not None and section in {Section.SKILLS, Section.CERTIFICATES, Section.ABOUT, Section.WISHES}:
            return section, behind[1]
        table = re.fullmatch(rf"(?:{names})\s{{2,}}(.+)", line.strip(), re.IGNORECASE)
        if table is not None and section is not Section.HEAD:
            return section, table[1]
    return None, ""


def _headings() -> Iterator[tuple[Section, str]]:
    yield from _HEADINGS.items()
