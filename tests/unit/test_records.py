"""The shared records: what they refuse, and that their JSON is exact."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hr_sync import records
from hr_sync.records import (
    CallResult,
    Candidate,
    Degree,
    Interest,
    Job,
    LearnedItem,
    MoneyRange,
    ProcessFacts,
    Turn,
)
from hr_sync.sample import read_sample

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone(timedelta(hours=8)))

CONTRACT = {
    "call_id", "attempt", "candidate_id", "job_id", "disposition", "started_at", "answered_at", "ended_at", "interest", "slots",
    "questions_asked", "doubts", "pay_fit", "competencies", "mood", "transcript", "recording", "consent", "metrics",
    "sip_code", "hangup_cause", "evidence",
}  # fmt: skip


def result(**fields: object) -> CallResult:
    return CallResult.model_validate(
        {
            "call_id": "call-1",
            "attempt": 1,
            "candidate_id": "zhang-wei",
            "job_id": "key-account-sales",
            "disposition": "completed",
            "started_at": NOW,
            "ended_at": NOW + timedelta(minutes=3),
        }
        | fields
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
spans = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(sorted)
turns = st.builds(
    lambda span, **fields: Turn(start_ms=span[0], end_ms=span[1], **fields),
    span=spans,
    who=st.sampled_from(records.Speaker),
    text=st.text(max_size=40),
    confidence=st.none() | st.floats(0, 1),
    interrupted=st.booleans(),
    question=st.none() | st.just("expected_pay"),
)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, NOW.tzinfo]))  # noqa: DTZ001


@given(
    slots=st.dictionaries(st.text(max_size=8), json_values, max_size=4),
    metrics=st.dictionaries(st.text(max_size=8), json_values, max_size=4),
    transcript=st.lists(turns, max_size=4),
    started_at=times,
    disposition=st.sampled_from(records.Disposition),
)
def test_a_result_survives_json_byte_for_byte(**fields: object) -> None:
    written = result(**fields).model_dump_json()
    read = CallResult.model_validate_json(written)
    assert read == result(**fields)
    assert read.model_dump_json() == written


def test_a_result_has_exactly_the_fields_of_the_contract() -> None:
    document = json.loads(
        result(
            pay_fit={"score": 85, "range": [10000, 13000], "expected": {"min": 12000, "max": 12000, "period": "month"}},
            doubts=[{"intent": "ask_overtime", "text": "加班多吗", "answered": True}],
            competencies=[
                {"name": "communication", "score": 80, "confidence": 0.7, "evidence": [{"text": "好", "start_ms": 0, "end_ms": 9}]}
            ],
            mood=[{"at_ms": 10, "patience": 0.5, "hesitation": 0.1}],
            transcript=[{"who": "candidate", "text": "喂", "start_ms": 0, "end_ms": 400, "confidence": 0.9}],
            consent={"recording": True},
        ).model_dump_json()
    )
    assert set(document) == CONTRACT
    assert document["pay_fit"]["range"] == [10000, 13000]
    assert document["consent"] == {"recording": True}
    assert {"who", "text", "start_ms", "end_ms", "confidence", "interrupted"} <= set(document["transcript"][0])
    assert datetime.fromisoformat(document["started_at"]) == NOW
    assert document["started_at"].endswith("+08:00")


def test_values_that_json_does_not_know_are_brought_into_json_at_once() -> None:
    made = result(
        slots={"start_date": {"date": date(2026, 12, 1)}, "range": (1, 2), "interest": Interest.HESITANT, "p95": float("nan")}
    )
    assert made.slots == {"start_date": {"date": "2026-12-01"}, "range": [1, 2], "interest": "hesitant", "p95": None}
    with pytest.raises(ValidationError):
        result(slots={"odd": object()})


@pytest.mark.parametrize("kind", ["jobs", "candidates", "contacts"])
def test_sample_records_survive_json(kind: str) -> None:
    for record in getattr(read_sample(), kind):
        written = record.model_dump_json()
        assert type(record).model_validate_json(written) == record
        assert type(record).model_validate_json(written).model_dump_json() == written


def test_degrees_are_in_order_of_height() -> None:
    assert [str(degree) for degree in Degree] == [
        "junior_high", "high_school", "vocational", "college", "bachelor", "master", "doctor",
    ]  # fmt: skip


def test_unknown_fields_are_refused_and_records_do_not_change() -> None:
    candidate = read_sample().candidates[0]
    with pytest.raises(ValidationError, match="married"):
        Candidate.model_validate(candidate.model_dump() | {"married": True})
    with pytest.raises(ValidationError, match="frozen"):
        candidate.name = "别人"


@pytest.mark.parametrize("phone", ["13800000001", "+86 13800000001", "+0123456", "+861", "8613800000001", "+8613800000001\n"])
def test_phone_numbers_are_e164(phone: str) -> None:
    with pytest.raises(ValidationError, match="phone"):
        Candidate(id="a", name="甲", phone=phone)


def test_an_age_rule_is_for_the_public_sector_only() -> None:
    public = next(job for job in read_sample().jobs if job.sector == "public")
    with pytest.raises(ValidationError, match="age rule"):
        Job.model_validate(public.model_dump() | {"sector": "private"})


@pytest.mark.parametrize(
    ("kind", "fields", "complaint"),
    [
        (MoneyRange, {"min": 2, "max": 1}, "greater"),
        (Turn, {"who": "system", "text": "", "start_ms": 5, "end_ms": 4}, "greater"),
        (Turn, {"who": "system", "text": "", "start_ms": -1, "end_ms": 4}, "start_ms"),
        (ProcessFacts, {"steps": ["笔试"], "schedule": [{"step": "面试", "start": "2026-12-01"}]}, "面试"),
        (LearnedItem, {"kind": "doubt", "key": "ask_pay", "value": "yes", "at": NOW}, "true or false"),
        (LearnedItem, {"kind": "interest", "key": "interest", "value": "maybe", "at": NOW}, "hesitant"),
        (LearnedItem, {"kind": "consent", "key": "sound", "value": True, "at": NOW}, "recording"),
        (LearnedItem, {"kind": "slot", "key": "city", "value": "杭州", "at": datetime(2026, 1, 1)}, "timezone"),  # noqa: DTZ001
    ],
)
def test_contradictions_are_refused(kind: type[records.Record], fields: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        kind.model_validate(fields)
