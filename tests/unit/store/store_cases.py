"""The databases under test, and records to put into them."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from hr_sync.records import CallAttempt, CallResult, LearnedItem, Turn
from hr_sync.sample import read_sample
from hr_sync.store import SqliteStore, Store

STORES: dict[str, Callable[[Path], Store]] = {"sqlite": lambda folder: SqliteStore(folder / "hr.db")}
"""Every HR database: a new one is added here and has to pass all tests of this folder."""

SAMPLE = read_sample()
ZHANG, LI, *_ = SAMPLE.candidates
SALES = next(job for job in SAMPLE.jobs if job.id == "key-account-sales")
JAVA = next(job for job in SAMPLE.jobs if job.id == "java-developer")
SHANGHAI = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)


def attempt(
    call_id: str = "call-1", *, candidate: str = "zhang-wei", job: str = "key-account-sales", owner: str = "a:1:1"
) -> CallAttempt:
    return CallAttempt(call_id=call_id, candidate_id=candidate, job_id=job, started_at=NOW, owner=owner)


def turn(text: str = "你好", *, who: str = "candidate", start_ms: int = 0) -> Turn:
    return Turn(who=who, text=text, start_ms=start_ms, end_ms=start_ms + 900, question="greeting")


def learned(
    kind: str = "slot", key: str = "city", value: object = "杭州", text: str = "我在杭州", after_s: float = 1
) -> LearnedItem:
    return LearnedItem(kind=kind, key=key, value=value, text=text, at=NOW + timedelta(seconds=after_s))


def result(call_id: str = "call-1", **fields: object) -> CallResult:
    return CallResult.model_validate(
        {
            "call_id": call_id,
            "attempt": 1,
            "candidate_id": "zhang-wei",
            "job_id": "key-account-sales",
            "disposition": "completed",
            "started_at": NOW,
            "answered_at": NOW + timedelta(seconds=9),
            "ended_at": NOW + timedelta(seconds=150),
        }
        | fields
    )
