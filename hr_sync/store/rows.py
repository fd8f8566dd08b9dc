"""Records as rows and back: typed columns for what is searched, JSON for the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from hr_sync.records import (
    CallAttempt,
    CallResult,
    Candidate,
    Company,
    Contact,
    DoNotCallEntry,
    Job,
    LearnedItem,
    PayStructure,
    Record,
    Turn,
)

Row = dict[str, Any]
R = TypeVar("R", bound=Record)


def utc(at: datetime) -> str:
    """A time as all columns hold it: UTC, always with microseconds, so that it sorts as text."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _utc_or_none(at: datetime | None) -> str | None:
    return None if at is None else utc(at)


def to_json(value: object) -> str:
    """Compact JSON that people can read: Chinese stays Chinese."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _columns(record: Record, *, exclude: set[str] | None = None) -> Row:
    """A record's fields as columns; whatever is not a plain value becomes JSON."""
    fields = record.model_dump(mode="json", exclude=exclude)
    return {
        name: int(value) if isinstance(value, bool) else to_json(value) if isinstance(value, (list, dict)) else value
        for name, value in fields.items()
    }


def _record(kind: type[R], row: Mapping[str, Any], json_columns: frozenset[str]) -> R:
    return kind.model_validate({name: json.loads(value) if name in json_columns else value for name, value in row.items()})


_CANDIDATE_JSON = frozenset({"employments", "skills", "certificates", "tags", "wishes"})
_PAY_JSON = frozenset({"allowances", "levels"})
_FLAT_PAY = {"base": ("base_min", "base_max"), "range": ("range_min", "range_max")}


def candidate_row(candidate: Candidate) -> Row:
    """Columns of `candidates`."""
    return _columns(candidate)


def candidate_of(row: Row) -> Candidate:
    """A row of `candidates` as a record."""
    return _record(Candidate, row, _CANDIDATE_JSON)


def company_row(company: Company) -> Row:
    """Columns of `companies`."""
    return _columns(company)


def pay_row(pay: PayStructure) -> Row:
    """Columns of `pay_structures`; the two ranges take two columns each."""
    row = _columns(pay, exclude=set(_FLAT_PAY))
    for field, (low, high) in _FLAT_PAY.items():
        span = getattr(pay, field)
        row[low], row[high] = span.min, span.max
    return row


def pay_of(row: Row) -> PayStructure:
    """A row of `pay_structures` as a record."""
    fields = dict(row)
    for field, (low, high) in _FLAT_PAY.items():
        fields[field] = {"min": fields.pop(low), "max": fields.pop(high)}
    return _record(PayStructure, fields, _PAY_JSON)


def job_row(job: Job) -> Row:
    """Columns of `jobs`."""
    row = _columns(job, exclude={"company", "pay", "facts", "recruiter", "requirements", "notice", "competencies"})
    return row | {
        "company_id": job.company.id,
        "pay_id": job.pay.id,
        "competencies": to_json(list(job.competencies)),
        "requirements": to_json(job.requirements.model_dump(mode="json")),
        "notice": None if job.notice is None else to_json(job.notice.model_dump(mode="json")),
        "recruiter_name": job.recruiter.name,
        "recruiter_email": job.recruiter.email,
        "recruiter_extension": job.recruiter.extension,
    }


def fact_rows(job: Job) -> list[Row]:
    """Rows of `job_facts`: one a topic, none for a topic nothing is known about."""
    facts = job.facts.model_dump(mode="json", exclude_none=True)
    return [{"job_id": job.id, "topic": topic, "facts": to_json(fact)} for topic, fact in facts.items() if fact not in (None, [])]


def job_of(row: Row, company: Row, pay: Row, facts: Mapping[str, str]) -> Job:
    """A job from its row, its company's, its pay structure's, and its facts as JSON by topic."""
    fields = dict(row)
    recruiter = {part: fields.pop(f"recruiter_{part}") for part in ("name", "email", "extension")}
    del fields["company_id"], fields["pay_id"]
    for name in ("competencies", "requirements", "notice"):
        fields[name] = json.loads(fields[name]) if fields[name] is not None else None
    return Job.model_validate(
        fields
        | {
            "recruiter": recruiter,
            "company": Company.model_validate(company),
            "pay": pay_of(pay),
            "facts": {topic: json.loads(fact) for topic, fact in facts.items()},
        }
    )


def contact_row(contact: Contact) -> Row:
    """Columns of `contacts`."""
    return _columns(contact) | {"at": utc(contact.at)}


def contact_of(row: Row) -> Contact:
    """A row of `contacts` or `contact_history` as a record."""
    return Contact.model_validate(row)


def do_not_call_row(entry: DoNotCallEntry) -> Row:
    """Columns of `do_not_call`."""
    return _columns(entry) | {"at": utc(entry.at)}


def do_not_call_of(row: Row) -> DoNotCallEntry:
    """A row of `do_not_call` as a record."""
    return DoNotCallEntry.model_validate(row)


def attempt_row(attempt: CallAttempt) -> Row:
    """Columns of `calls` that an attempt fills."""
    return _columns(attempt) | {
        "started_at": utc(attempt.started_at),
        "answered_at": _utc_or_none(attempt.answered_at),
        "ended_at": _utc_or_none(attempt.ended_at),
    }


def attempt_of(row: Row) -> CallAttempt:
    """A row of `calls` as a record."""
    return CallAttempt.model_validate({name: row[name] for name in CallAttempt.model_fields})


def turn_row(call_id: str, index: int, turn: Turn) -> Row:
    """Columns of `turns`."""
    return {"call_id": call_id, "turn": index, **_columns(turn)}


def turn_of(row: Row) -> Turn:
    """A row of `turns` as a record."""
    return Turn.model_validate({name: row[name] for name in Turn.model_fields})


def learned_row(call_id: str, item: LearnedItem) -> Row:
    """Columns of `learned`; the value is always JSON, also when it is a plain word."""
    return {
        "call_id": call_id,
        "kind": str(item.kind),
        "key": item.key,
        "value": to_json(item.value),
        "text": item.text,
        "at": utc(item.at),
    }


def learned_of(row: Row) -> LearnedItem:
    """A row of `learned` as a record."""
    return _record(LearnedItem, {name: row[name] for name in LearnedItem.model_fields}, frozenset({"value"}))


def result_row(result: CallResult) -> Row:
    """Columns of `results`: the document itself, and beside it what people search for."""
    expected = result.slots.get("expected_pay")
    expected = expected if isinstance(expected, dict) else {}
    start = result.slots.get("start_date")
    start = start if isinstance(start, dict) else {}
    return {
        "call_id": result.call_id,
        "candidate_id": result.candidate_id,
        "job_id": result.job_id,
        "attempt": result.attempt,
        "disposition": str(result.disposition),
        "interest": str(result.interest),
        "sip_code": result.sip_code,
        "hangup_cause": result.hangup_cause,
        "evidence": result.evidence,
        "started_at": utc(result.started_at),
        "answered_at": _utc_or_none(result.answered_at),
        "ended_at": utc(result.ended_at),
        "talk_s": (result.ended_at - result.answered_at).total_seconds() if result.answered_at else None,
        "expected_pay_min": _plain(expected.get("min"), int),
        "expected_pay_max": _plain(expected.get("max"), int),
        "expected_pay_period": _plain(expected.get("period"), str),
        "start_date": _plain(start.get("date"), str),
        "pay_fit_score": result.pay_fit.score if result.pay_fit else None,
        "recording": result.recording,
        "recording_consent": int(result.consent.recording),
        "result": result.model_dump_json(),
    }


def _plain(value: object, kind: type) -> Any:  # noqa: ANN401 - a column's value
    """The value when it is of the column's type; the document keeps it in any case."""
    return value if isinstance(value, kind) and not isinstance(value, bool) else None
