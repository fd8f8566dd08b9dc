"""The ledger on a real database: order, a lock held by somebody else, a result that cannot be written yet."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agi_app.interview.ledger import Ledger
from hr_sync.errors import NotFoundError
from hr_sync.owner import this_process
from hr_sync.records import CallAttempt, CallResult, CallState, Disposition, Speaker, Turn
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore

NOW = datetime(2026, 1, 5, 10, 15, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    store = SqliteStore(tmp_path / "hr.db", busy_limit_s=0.1)
    load_sample(store)
    store.open_attempt(
        CallAttempt(
            call_id="call-1",
            attempt=1,
            candidate_id="zhang-wei",
            job_id="key-account-sales",
            started_at=NOW,
            owner=this_process(),
        )
    )
    return store


@pytest.fixture
async def ledger(store: SqliteStore, tmp_path: Path) -> AsyncIterator[Ledger]:
    ledger = Ledger(store, tmp_path / "spool", patience_s=0.6)
    yield ledger
    await ledger.close()
    store.close()


def turn(index: int) -> Turn:
    return Turn(who=Speaker.SYSTEM, text=f"第{index}句", start_ms=index * 100, end_ms=index * 100 + 50)


def result() -> CallResult:
    return CallResult(
        call_id="call-1",
        attempt=1,
        candidate_id="zhang-wei",
        job_id="key-account-sales",
        disposition=Disposition.COMPLETED,
        started_at=NOW,
        answered_at=NOW,
        ended_at=NOW,
        transcript=tuple(turn(index) for index in range(3)),
    )


async def test_notes_are_written_in_their_order_and_before_the_result(ledger: Ledger, store: SqliteStore) -> None:
    ledger.note("call-1", store.set_state, "call-1", CallState.DIALLING, NOW)
    ledger.note("call-1", store.set_state, "call-1", CallState.TALKING, NOW)
    for index in range(3):
        ledger.note("call-1", store.add_turn, "call-1", index, turn(index))
    await ledger.finish(result())
    assert ledger.failures == 0
    assert store.turns("call-1") == result().transcript
    assert store.attempt("call-1").state is CallState.ENDED


async def test_a_locked_database_is_waited_for_without_stopping_the_loop(ledger: Ledger, store: SqliteStore) -> None:
    blocker = sqlite3.connect(store.path)
    blocker.execute("BEGIN IMMEDIATE")
    ledger.note("call-1", store.add_turn, "call-1", 0, turn(0))
    ticks = 0
    while ledger.retries == 0:
        await asyncio.sleep(0.005)
        ticks += 1
    assert ticks > 5, "the loop stood still while the database was locked"
    blocker.rollback()
    blocker.close()
    await ledger.settle()
    assert store.turns("call-1") == (turn(0),)
    assert ledger.failures == 0


async def test_a_result_that_cannot_be_written_is_kept_and_taken_in_later(
    ledger: Ledger, store: SqliteStore, tmp_path: Path
) -> None:
    blocker = sqlite3.connect(store.path)
    blocker.execute("BEGIN IMMEDIATE")
    await ledger.finish(result())
    [spooled] = (tmp_path / "spool").iterdir()
    assert spooled.stat().st_mode & 0o077 == 0
    blocker.rollback()
    blocker.close()
    with pytest.raises(NotFoundError):
        store.result("call-1")
    assert await ledger.take_spooled() == 1
    assert store.result("call-1") == result()
    assert not spooled.exists()


async def test_a_write_that_is_refused_is_counted_and_does_not_stop_the_others(ledger: Ledger, store: SqliteStore) -> None:
    ledger.note("call-2", store.add_turn, "call-2", 0, turn(0))
    ledger.note("call-1", store.add_turn, "call-1", 0, turn(0))
    await ledger.settle()
    assert ledger.failures == 1
    assert store.turns("call-1") == (turn(0),)
