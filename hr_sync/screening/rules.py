"""The rules of a job: what each makes of every candidate, with the reason in words.

A rule judges a value once, however many candidates share it, and says for each candidate which verdict is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from pydantic_core import from_json

from hr_sync.records import AgeRule, Degree, EmploymentStatus, Requirements, ScreeningRule
from hr_sync.screening.columns import Columns, Index, Mask, words_pattern
from hr_sync.screening.terms import MajorFit, city_of, field_words, folded, major_fit

DEGREES = {
    Degree.JUNIOR_HIGH: "初中", Degree.HIGH_SCHOOL: "高中", Degree.VOCATIONAL: "中专", Degree.COLLEGE: "大专",
    Degree.BACHELOR: "本科", Degree.MASTER: "硕士", Degree.DOCTOR: "博士",
}  # fmt: skip
STATUSES = {EmploymentStatus.EMPLOYED: "在职", EmploymentStatus.LEFT: "离职", EmploymentStatus.STUDENT: "在校"}
_ORDER = list(Degree)
_DAYS = 365.25
_NO_LIST = "[]"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule makes of a value."""

    met: bool | None
    """None: not known of the candidate."""
    fit: float
    """0 to 1: how well it is met; 0 unless it is."""
    zh: str
    en: str


Verdicts = tuple[list[Verdict], Index]
"""The different verdicts of a rule, and for each candidate which of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a job."""

    name: ScreeningRule
    columns: tuple[str, ...]
    """Columns of `candidates` it looks at; `birth_date` is not one of them but stands for it."""
    weight: float
    """Share of the score. Age has none: nobody is better for being younger."""
    judge: Callable[[Columns], Verdicts]


def rules_of(requirements: Requirements, *, as_of: date, age_day: date, strict: bool) -> list[Rule]:
    """The rules of a job, in the order of `ScreeningRule`.

    Args:
        requirements: of the job.
        as_of: the day years of work count to.
        age_day: the day ages count on.
        strict: public sector: only what the notice names is enough, related majors are not.
    """
    wanted = requirements
    found: list[Rule] = []
    if wanted.degree_at_least is not None:
        found.append(_by_value(ScreeningRule.DEGREE, "degree", 1, _degree(wanted.degree_at_least)))
    if wanted.majors:
        found.append(_by_value(ScreeningRule.MAJOR, "major", 2, _major(wanted.majors, strict=strict)))
    if wanted.certificates:
        found.append(Rule(ScreeningRule.CERTIFICATE, ("certificates",), 2, _certificates(wanted.certificates)))
    if wanted.years_at_least > 0:
        judge = (
            _years_in(wanted.field, wanted.years_at_least, as_of, strict=strict)
            if wanted.field
            else _years(wanted.years_at_least, as_of)
        )
        found.append(Rule(ScreeningRule.YEARS, ("years_experience", "employments"), 3, judge))
    if wanted.skills_all:
        found.append(Rule(ScreeningRule.SKILLS_ALL, ("skills", "employments"), 3, _skills(wanted.skills_all, everything=True)))
    if wanted.skills_any:
        found.append(Rule(ScreeningRule.SKILLS_ANY, ("skills", "employments"), 2, _skills(wanted.skills_any, everything=False)))
    if wanted.cities:
        found.append(_by_value(ScreeningRule.CITY, "city", 1, _city(wanted.cities)))
    if wanted.status:
        found.append(_by_value(ScreeningRule.STATUS, "status", 1, _status(wanted.status)))
    if wanted.age is not None:
        found.append(_by_value(ScreeningRule.AGE, "birth_date", 0, _age(wanted.age, age_day)))
    return found


def _by_value(name: ScreeningRule, column: str, weight: float, judge: Callable[[Any], Verdict]) -> Rule:
    """A rule that looks at one value alone."""

    def spread(columns: Columns) -> Verdicts:
        values, index = columns.coded(column)
        return _distinct([judge(value) for value in values], index)

    return Rule(name, (column,), weight, spread)


def _distinct(verdicts: Sequence[Verdict], index: Index) -> Verdicts:
    """Equal verdicts as one."""
    places: dict[Verdict, int] = {}
    of_each = np.fromiter((places.setdefault(verdict, len(places)) for verdict in verdicts), np.int32, len(verdicts))
    return list(places), of_each[index] if len(verdicts) else index


def _degree(least: Degree) -> Callable[[Any], Verdict]:
    def judge(value: Any) -> Verdict:  # noqa: ANN401 - a column's value
        if value is None:
            return Verdict(None, 0, f"没有写明学历（要求{DEGREES[least]}及以上）", f"degree not given (at least {least} asked)")
        degree = Degree(value)
        above = _ORDER.index(degree) - _ORDER.index(least)
        zh, en = f"学历{DEGREES[degree]}", f"degree {degree}"
        if above < 0:
            return Verdict(False, 0, f"{zh}，低于要求的{DEGREES[least]}", f"{en}, below {least}")
        return Verdict(True, min(1.0, 0.7 + 0.15 * above), f"{zh}，达到{DEGREES[least]}及以上", f"{en}, at least {least}")

    return judge


def _major(wanted: Sequence[str], *, strict: bool) -> Callable[[Any], Verdict]:
    listed = "、".join(wanted)
    fits = {MajorFit.SAME: 1.0, MajorFit.IN_CLASS: 0.9} | ({} if strict else {MajorFit.RELATED: 0.7})

    def judge(major: str | None) -> Verdict:
        if not major:
            return Verdict(None, 0, f"没有写明专业（要求{listed}）", f"major not given ({listed} asked)")
        fit, asked = max(((fits.get(major_fit(name, major), 0.0), name) for name in wanted), key=lambda pair: pair[0])
        if fit == 0:
            return Verdict(False, 0, f"专业{major}，不在{listed}之内", f"major {major}, not among {listed}")
        if fit == fits[MajorFit.SAME]:
            return Verdict(True, fit, f"专业{major}，符合", f"major {major}, as asked")
        return Verdict(True, fit, f"专业{major}，与{asked}同类", f"major {major}, of one class with {asked}")

    return judge


def _held(columns: Columns, wanted: Sequence[str], names: Sequence[str], empty: str) -> tuple[list[tuple[list[str], bool]], Index]:
    """The different sets of wanted words candidates hold in some columns, with whether `empty` is an empty list; who has which."""
    key = columns.equal(empty, _NO_LIST).astype(np.int64)
    for bit, word in enumerate(wanted, 1):
        holding: Mask = np.zeros(columns.count, np.bool_)
        for name in names:
            holding |= columns.text(name).holding(folded(word))
        key |= holding.astype(np.int64) << bit
    keys, index = np.unique(key, return_inverse=True)
    sets = [([word for bit, word in enumerate(wanted, 1) if int(each) >> bit & 1], bool(each & 1)) for each in keys]
    return sets, index.astype(np.int32)


def _certificates(wanted: Sequence[str]) -> Callable[[Columns], Verdicts]:
    def judge(columns: Columns) -> Verdicts:
        sets, index = _held(columns, wanted, ["certificates"], "certificates")
        return _distinct([verdict(held, empty=empty) for held, empty in sets], index)

    def verdict(held: list[str], *, empty: bool) -> Verdict:
        missing = "、".join(word for word in wanted if word not in held)
        if not missing:
            return Verdict(True, 1, f"持有{'、'.join(wanted)}", f"holds {'、'.join(wanted)}")
        if empty:
            return Verdict(None, 0, f"没有写明证书（要求{missing}）", f"certificates not given ({missing} asked)")
        return Verdict(False, 0, f"缺少证书{missing}", f"lacks {missing}")

    return judge


def _skills(wanted: Sequence[str], *, everything: bool) -> Callable[[Columns], Verdicts]:
    listed = "、".join(wanted)

    def judge(columns: Columns) -> Verdicts:
        sets, index = _held(columns, wanted, ["skills", "employments"], "skills")
        return _distinct([verdict(held, empty=empty) for held, empty in sets], index)

    def verdict(held: list[str], *, empty: bool) -> Verdict:
        missing = [word for word in wanted if word not in held]
        if held and (not missing or not everything):
            fit = 1.0 if everything else 0.6 + 0.4 * len(held) / len(wanted)
            return Verdict(True, fit, f"具备{'、'.join(held)}", f"has {'、'.join(held)}")
        if empty:
            return Verdict(None, 0, f"没有写明技能（要求{listed}）", f"skills not given ({listed} asked)")
        if everything:
            return Verdict(False, 0, f"缺少技能{'、'.join(missing)}", f"lacks {'、'.join(missing)}")
        return Verdict(False, 0, f"{listed}一项也没有", f"has none of {listed}")

    return judge


def _enough(years: float, least: float, zh: str, en: str) -> Verdict:
    shown = round(years, 1)
    if years + 1e-9 < least:
        return Verdict(False, 0, f"{zh}{shown:g}年，不足{least:g}年", f"{shown:g} years{en}, {least:g} asked")
    return Verdict(True, min(1.0, 0.6 + 0.4 * (shown - least) / max(least, 2)), f"{zh}{shown:g}年", f"{shown:g} years{en}")


def _years(least: float, as_of: date) -> Callable[[Columns], Verdicts]:
    unknown = Verdict(None, 0, f"没有写明工作年限（要求{least:g}年）", f"years of work not given ({least:g} asked)")

    def judge(columns: Columns) -> Verdicts:
        pairs = zip(columns.values("years_experience"), columns.values("employments"), strict=True)
        counted = [
            years if years is not None else None if listed == _NO_LIST else _worked(from_json(listed), as_of)
            for years, listed in pairs
        ]
        values, index = Columns({"id": counted, "years": counted}).coded("years")
        return _distinct([unknown if value is None else _enough(value, least, "工作", " of work") for value in values], index)

    return judge


def _years_in(field: str, least: float, as_of: date, *, strict: bool) -> Callable[[Columns], Verdicts]:
    words = field_words(field, strict=strict)
    none = Verdict(False, 0, f"没有{field}工作经历", f"no work in {field}")
    unknown = Verdict(
        None, 0, f"没有写明工作经历（要求{field}{least:g}年）", f"employments not given ({least:g} years in {field} asked)"
    )

    def judge(columns: Columns) -> Verdicts:
        texts, listed, total = columns.text("employments"), columns.values("employments"), columns.values("years_experience")
        named: Mask = np.zeros(columns.count, np.bool_)
        for word in words:
            named |= texts.holding(word)
        index = np.zeros(columns.count, np.int32)
        known: dict[Verdict, int] = {none: 0}
        for row in np.flatnonzero(columns.equal("employments", _NO_LIST)).tolist():
            years = total[row]
            found = unknown if years is None or years >= least else _enough(years, least, "总共工作", " of work in all")
            index[row] = known.setdefault(found, len(known))
        for row in np.flatnonzero(named).tolist():
            inside = [item for item in from_json(listed[row]) if _in_field(item, words)]
            found = _enough(_worked(inside, as_of), least, f"{field}工作", f" in {field}") if inside else none
            index[row] = known.setdefault(found, len(known))
        return list(known), index

    return judge


def _in_field(employment: dict[str, Any], words: Sequence[str]) -> bool:
    text = "\n".join(employment[part] or "" for part in ("employer", "role", "industry", "summary")).casefold()
    return words_pattern(words).search(text) is not None


def _worked(employments: Sequence[dict[str, Any]], as_of: date) -> float:
    """Years covered by employments; what overlaps counts once, what lies after `as_of` not at all."""
    last = as_of.isoformat()
    days, covered = 0, date.min
    for start, end in sorted((item["start"], min(last, item["end"] or last)) for item in employments):
        until = date.fromisoformat(end)
        days += max(0, (until - max(date.fromisoformat(start), covered)).days)
        covered = max(covered, until)
    return days / _DAYS


def _city(wanted: Sequence[str]) -> Callable[[Any], Verdict]:
    names, listed = [city_of(name) for name in wanted], "、".join(wanted)

    def judge(city: str | None) -> Verdict:
        if not city:
            return Verdict(None, 0, f"没有写明城市（要求{listed}）", f"city not given ({listed} asked)")
        if any(city_of(city) == name or city_of(city).startswith(f"{name}市") for name in names):
            return Verdict(True, 1, f"在{city}", f"in {city}")
        return Verdict(False, 0, f"在{city}，不在{listed}", f"in {city}, not in {listed}")

    return judge


def _status(wanted: Sequence[EmploymentStatus]) -> Callable[[Any], Verdict]:
    listed = "、".join(STATUSES[status] for status in wanted)

    def judge(value: str | None) -> Verdict:
        if value is None:
            return Verdict(None, 0, f"没有写明求职状态（要求{listed}）", f"status not given ({', '.join(wanted)} asked)")
        status = EmploymentStatus(value)
        if status in wanted:
            return Verdict(True, 1, f"目前{STATUSES[status]}", f"now {status}")
        return Verdict(False, 0, f"目前{STATUSES[status]}，要求{listed}", f"now {status}, {', '.join(wanted)} asked")

    return judge


def _age(rule: AgeRule, day: date) -> Callable[[Any], Verdict]:
    """周岁 as notices count it: whoever has not yet turned a year older than the limit on the day is within it."""

    def judge(born: date | None) -> Verdict:
        if born is None:
            return Verdict(
                None, 0, f"没有出生日期（{rule.notice}要求{rule.max_age}周岁及以下）", f"date of birth not given ({rule.notice})"
            )
        age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        if age <= rule.max_age:
            return Verdict(True, 0, f"年龄符合{rule.notice}", f"age within {rule.notice}")
        return Verdict(
            False,
            0,
            f"超过{rule.notice}规定的{rule.max_age}周岁（截至{day}）",
            f"older than the {rule.max_age} of {rule.notice} on {day}",
        )

    return judge
