"""The facts sentences may mention, by name, as they are spoken. A fact that is not known is None and is never made up.

FACTS are texts, STATEMENTS are true or not; both can stand as guards in templates and in `has`/`lacks` of conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from agi_app.dialogue import spoken
from hr_sync.records import CallBrief, Candidate, EmploymentStatus, Job, MoneyRange, Sector

Terms = Mapping[str, Mapping[str, str]]
"""Group to code to spoken word, from the pack's terms file."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts are read from."""

    candidate: Candidate
    job: Job
    terms: Terms
    today: date

    def term(self, group: str, code: str | None) -> str | None:
        """The spoken word for a code."""
        return self.terms.get(group, {}).get(code) if code else None


Reader = Callable[[Source], str | None]


def _money(money: MoneyRange) -> str:
    return spoken.yuan_range(money.min, money.max)


def _allowances(source: Source) -> str | None:
    return spoken.joined([f"{name}{spoken.yuan(amount)}元" for name, amount in source.job.pay.allowances.items()]) or None


def _bonus(source: Source) -> str | None:
    pay = source.job.pay
    return spoken.count_range(pay.bonus_months_min, pay.bonus_months_max, "个月") if pay.bonus_months_max else None


def _clock(text: str) -> str:
    hour, minute = text.split(":")
    return spoken.clock(int(hour), int(minute))


def raise_percent(brief_candidate: Candidate, job: Job) -> int | None:
    """By how many per cent the top of the range lies above the last pay, rounded down to fives; None below five."""
    if not brief_candidate.last_pay:
        return None
    percent = int((job.pay.range.max / brief_candidate.last_pay - 1) * 100) // 5 * 5
    return percent if 5 <= percent <= 50 else None


def _raise(source: Source) -> str | None:
    percent = raise_percent(source.candidate, source.job)
    return spoken.percent(percent) if percent else None


def _schedule(source: Source) -> str | None:
    process = source.job.facts.process
    if process is None or not process.schedule:
        return None
    coming = [item for item in process.schedule if (item.end or item.start) >= source.today]
    return "，".join(f"{item.step}{spoken.calendar_day(item.start, source.today)}" for item in coming[:3]) or None


def _last_role(source: Source) -> str | None:
    jobs = source.candidate.employments
    return max(jobs, key=lambda item: item.end or date.max).role if jobs else None


def _nth(items: Sequence[str], index: int) -> str | None:
    return items[index] if index < len(items) else None


def _minutes(minutes: int | None) -> str | None:
    if not minutes:
        return None
    hours, rest = divmod(minutes, 60)
    if rest == 30:
        return "半个小时" if hours == 0 else spoken.count(hours, "个半小时")
    return spoken.count(hours, "个小时") if rest == 0 else spoken.count(minutes, "分钟")


def _time_off_to_add(source: Source) -> bool:
    """Time off in lieu is given, and the rule that is read out does not say so already."""
    overtime = source.job.facts.overtime
    word = source.term("time_off", "word")
    return bool(overtime and overtime.time_off_in_lieu and not (word and word in (overtime.pay_rule or "")))


def _of(part: str, read: Callable[[object], str | None]) -> Reader:
    """Read from an optional part of the job's facts."""

    def reader(source: Source) -> str | None:
        facts = getattr(source.job.facts, part)
        return None if facts is None else read(facts)

    return reader


def _text(part: str, name: str) -> Reader:
    return _of(part, lambda facts: getattr(facts, name) or None)


def _list(part: str, name: str, most: int = 4) -> Reader:
    return _of(part, lambda facts: "、".join(getattr(facts, name)[:most]) or None)


def _count(part: str, name: str, measure: str) -> Reader:
    return _of(part, lambda facts: spoken.count(getattr(facts, name), measure) if getattr(facts, name) else None)


def _percent(part: str, name: str) -> Reader:
    return _of(part, lambda facts: spoken.percent(getattr(facts, name)) if getattr(facts, name) is not None else None)


ALWAYS: Mapping[str, Reader] = MappingProxyType(
    {
        "candidate": lambda s: s.candidate.honorific or s.candidate.name,
        "candidate.name": lambda s: s.candidate.name,
        "company": lambda s: s.job.company.short_name,
        "company.name": lambda s: s.job.company.name,
        "company.city": lambda s: s.job.company.city,
        "company.address": lambda s: s.job.company.address,
        "company.industry": lambda s: s.job.company.industry,
        "company.introduction": lambda s: s.job.company.introduction,
        "job": lambda s: s.job.title,
        "pitch": lambda s: s.job.pitch,
        "recruiter": lambda s: s.job.recruiter.name,
        "pay.range": lambda s: _money(s.job.pay.range),
        "pay.min": lambda s: spoken.yuan(s.job.pay.range.min),
        "pay.max": lambda s: spoken.yuan(s.job.pay.range.max),
        "pay.base": lambda s: _money(s.job.pay.base),
    }
)
"""Known for every call."""

OPTIONAL: Mapping[str, Reader] = MappingProxyType(
    {
        "candidate.years": lambda s: spoken.years(s.candidate.years_experience) if s.candidate.years_experience else None,
        "candidate.last_role": _last_role,
        "candidate.source": lambda s: s.candidate.source or None,
        "candidate.raise": _raise,
        "job.department": lambda s: s.job.department or None,
        "company.headcount": lambda s: spoken.number(s.job.company.headcount) if s.job.company.headcount else None,
        "notice": lambda s: s.job.notice.title if s.job.notice else None,
        "pay.performance": lambda s: spoken.yuan(s.job.pay.performance) if s.job.pay.performance else None,
        "pay.performance_cycle": lambda s: (
            s.term("performance_cycle", s.job.pay.performance_cycle) if s.job.pay.performance else None
        ),
        "pay.bonus": _bonus,
        "pay.allowances": _allowances,
        "pay.salary_months": lambda s: spoken.decimal(s.job.pay.salary_months) if s.job.pay.salary_months != 12 else None,
        "pay.day": lambda s: spoken.number(s.job.pay.pay_day) + "号" if s.job.pay.pay_day else None,
        "overtime.amount": lambda s: s.term("overtime", s.job.facts.overtime.amount) if s.job.facts.overtime else None,
        "overtime.peak_seasons": _list("overtime", "peak_seasons"),
        "overtime.pay_rule": _text("overtime", "pay_rule"),
        "insurance.base": _text("insurance", "base_rule"),
        "insurance.employer": _percent("insurance", "employer_percent"),
        "insurance.employee": _percent("insurance", "employee_percent"),
        "insurance.housing_fund": _percent("insurance", "housing_fund_percent"),
        "insurance.from_when": _text("insurance", "from_when"),
        "insurance.note": _text("insurance", "note"),
        "benefits": lambda s: "、".join(s.job.facts.benefits[:5]) or None,
        "duties.1": lambda s: _nth(s.job.facts.duties, 0),
        "duties.2": lambda s: _nth(s.job.facts.duties, 1),
        "duties.3": lambda s: _nth(s.job.facts.duties, 2),
        "highlight": lambda s: s.job.facts.highlights[0] if s.job.facts.highlights else None,
        "promotion.reviews": lambda s: (
            spoken.count(s.job.facts.promotion.reviews_a_year, "次")
            if s.job.facts.promotion and s.job.facts.promotion.reviews_a_year
            else None
        ),
        "promotion.path": lambda s: spoken.joined(s.job.facts.promotion.path, "到") or None if s.job.facts.promotion else None,
        "promotion.note": _text("promotion", "note"),
        "team.size": _count("team", "size", "个人"),
        "team.introduction": _text("team", "introduction"),
        "team.leader": _text("team", "leader"),
        "place.city": _text("place", "city"),
        "place.address": _text("place", "address"),
        "place.transport": _text("place", "transport"),
        "place.travel": _text("place", "travel"),
        "hours.start": lambda s: _clock(s.job.facts.hours.start) if s.job.facts.hours else None,
        "hours.end": lambda s: _clock(s.job.facts.hours.end) if s.job.facts.hours else None,
        "hours.weekend": _text("hours", "weekend"),
        "hours.shifts": _text("hours", "shifts"),
        "hours.lunch": lambda s: _minutes(s.job.facts.hours.lunch_break_minutes) if s.job.facts.hours else None,
        "probation.months": _count("probation", "months", "个月"),
        "probation.pay": _percent("probation", "pay_percent"),
        "probation.note": _text("probation", "note"),
        "process.steps": _list("process", "steps", 6),
        "process.schedule": _schedule,
        "process.days_to_answer": _count("process", "days_to_answer", "个工作日"),
        "process.note": _text("process", "note"),
        "process.written_test_place": _text("process", "written_test_place"),
    }
)
"""Known for some."""

STATEMENTS: Mapping[str, Callable[[Source], bool]] = MappingProxyType(
    {
        "overtime.none": lambda s: bool(s.job.facts.overtime and s.job.facts.overtime.amount == "none"),
        "overtime.project_based": lambda s: bool(s.job.facts.overtime and s.job.facts.overtime.project_based),
        "overtime.paid": lambda s: bool(s.job.facts.overtime and s.job.facts.overtime.paid),
        "overtime.time_off_in_lieu": lambda s: bool(s.job.facts.overtime and s.job.facts.overtime.time_off_in_lieu),
        "overtime.time_off_to_add": _time_off_to_add,
        "probation.none": lambda s: bool(s.job.facts.probation and s.job.facts.probation.months == 0),
        "probation.full_pay": lambda s: bool(s.job.facts.probation and s.job.facts.probation.pay_percent == 100),
        "place.remote": lambda s: bool(s.job.facts.place and s.job.facts.place.remote),
        "team.material": lambda s: bool(s.job.facts.team and s.job.facts.team.mail_material),
        "job.urgent": lambda s: s.job.urgent,
        "job.public": lambda s: s.job.sector is Sector.PUBLIC,
        "candidate.email": lambda s: bool(s.candidate.email),
        "candidate.student": lambda s: s.candidate.status is EmploymentStatus.STUDENT,
    }
)
"""True or not; as a guard only."""

NAMES = frozenset(ALWAYS) | frozenset(OPTIONAL)
GUARDS = NAMES | frozenset(STATEMENTS)
PERSONAL = frozenset({"candidate.years", "candidate.last_role", "candidate.raise", "candidate.student"})
"""Not used where everyone must hear the same words."""


def read_facts(brief: CallBrief, terms: Terms, now: datetime, *, personalise: bool = True) -> dict[str, str | None]:
    """Every fact of a call by name, as spoken; None where it is not known, the empty text for a statement that is true."""
    source = Source(brief.candidate, brief.job, terms, now.date())
    texts = {name: read(source) for readers in (ALWAYS, OPTIONAL) for name, read in readers.items()}
    facts: dict[str, str | None] = {name: text.strip().rstrip("。.；;") if text else None for name, text in texts.items()}
    facts.update({name: "" if holds(source) else None for name, holds in STATEMENTS.items()})
    if not personalise:
        facts.update(dict.fromkeys(PERSONAL))
    return facts
