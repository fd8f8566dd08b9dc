"""Words of requirements and resumes made comparable: majors, fields of work, skills, cities."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_HERE = Path(__file__).parent
_REMARK = re.compile(r"[（(\[【].*?[）)\]】]")
_GROUP = re.compile(r"(?:等)?(?:相关专业|相关|专业)$")


class MajorFit(Enum):
    """How a major stands to one that is asked for."""

    SAME = auto()
    IN_CLASS = auto()
    """A class was asked for, and the major is one of it."""
    RELATED = auto()
    """Another major of the same class."""
    OTHER = auto()


def plain(text: str) -> str:
    """Text without case, width, space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=1)
def _majors() -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """Short form to full name; full name to its classes."""
    table: dict[str, Any] = yaml.safe_load((_HERE / "majors.yaml").read_text("utf-8"))
    full = {plain(name): group[0] for group in table["same"] for name in group}
    classes: defaultdict[str, set[str]] = defaultdict(set)
    for name, majors in table["classes"].items():
        for major in majors:
            full.setdefault(plain(major), major)
            classes[full[plain(major)]].add(name)
    return full, {major: frozenset(names) for major, names in classes.items()}


@lru_cache(maxsize=65536)
def full_major(text: str) -> str:
    """The full name of a major, as far as it is known: 会计 is 会计学."""
    full, _ = _majors()
    name = _GROUP.sub("", plain(_REMARK.sub("", text)))
    return full.get(name, full.get(name.removesuffix("学"), name))


def classes_of(major: str) -> frozenset[str]:
    """Classes of a major given by its full name."""
    return _majors()[1].get(major, frozenset())


def major_fit(wanted: str, given: str) -> MajorFit:
    """How a candidate's major stands to one that is asked for: a major, a class (计算机类) or 计算机相关专业."""
    asked, has = full_major(wanted), full_major(given)
    if asked == has:
        return MajorFit.SAME
    named = plain(_REMARK.sub("", wanted))
    if asked in classes_of(has) or f"{asked}类" in classes_of(has):
        return MajorFit.IN_CLASS
    if classes_of(asked) & classes_of(has):
        return MajorFit.IN_CLASS if named.endswith(("相关专业", "相关")) else MajorFit.RELATED
    return MajorFit.OTHER


@lru_cache(maxsize=1)
def _fields() -> dict[str, list[str]]:
    table: dict[str, list[str]] = yaml.safe_load((_HERE / "fields.yaml").read_text("utf-8"))
    return {plain(name): words for name, words in table.items()}


def field_words(field: str, *, strict: bool) -> list[str]:
    """What a field of work is called, case-folded: its name, and what else is listed for it.

    A field nobody has listed (企业客户销售) is looked for by the listed ones its name holds (销售), unless that is too lax.
    """
    name = plain(field)
    known = _fields()
    if name in known:
        wider = known[name]
    else:
        wider = [] if strict else [word for listed, words in known.items() if listed in name for word in (listed, *words)]
    return list(dict.fromkeys(folded(word) for word in (field, *wider)))


def folded(word: str) -> str:
    """A word as it is looked for in case-folded text."""
    return unicodedata.normalize("NFKC", word).casefold().strip()


def city_of(text: str) -> str:
    """A city without its suffix: 杭州市 is 杭州."""
    name = plain(text)
    return name.removesuffix("市") if len(name) > 2 else name
