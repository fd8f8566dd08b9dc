"""A database with finished calls, and follow-ups that work on it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hr_sync.followup.journey import case_of
from hr_sync.followup.links import LinkSigner
from hr_sync.followup.planning import Case, Planner
from hr_sync.followup.settings import MessageRules
from hr_sync.followup.wording import Wording
from hr_sync.records import CallAttempt, CallResult, LearnedItem
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.followups import Followups

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday, ten in the morning in Shanghai."""
KEY = b"k" * 32


def rules(**changes: Any) -> MessageRules:
    return MessageRules.model_validate({"enabled": True, "port": 0, "public_url": "https://jobs.example"} | changes)


def planner(settings: MessageRules | None = None) -> Planner:
    settings = settings or rules()
    return Planner(settings, Wording(settings), LinkSigner(KEY))


def sample(folder: Path) -> SqliteStore:
    store = SqliteStore(folder / "hr.db")
    load_sample(store)
    return store


def finish(
    store: SqliteStore,
    call_id: str = "call-1",
    *,
    candidate: str = "zhang-wei",
    job: str = "key-account-sales",
    wishes: dict[str, Any] | None = None,
    at: datetime = NOW,
    **fields: Any,
) -> CallResult:
    """A call that ended just before `at`."""
    started = at - timedelta(minutes=5)
    attempt = store.open_attempt(
        CallAttempt(call_id=call_id, candidate_id=candidate, job_id=job, started_at=started, owner="test:1:1")
    )
    for key, value in (wishes or {}).items():
        store.learn(call_id, LearnedItem(kind="request", key=key, value=value, at=started))
    result = CallResult.model_validate(
        {
            "call_id": call_id,
            "attempt": attempt.attempt,
            "candidate_id": candidate,
            "job_id": job,
            "disposition": "completed",
            "interest": "interested",
            "started_at": started,
            "answered_at": started + timedelta(seconds=9),
            "ended_at": at - timedelta(minutes=1),
        }
        | fields
    )
    store.finish(result)
    return result


def case(store: SqliteStore, call_id: str = "call-1") -> Case:
    return case_of(store, Followups(store.connections), call_id)
