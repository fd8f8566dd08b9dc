"""The outbox: what waits for whom, leases, retries, dead letters."""

from datetime import timedelta
from pathlib import Path

import pytest

from hr_sync.errors import ConflictError, NotFoundError
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.outbox import Delivery, Outbox
from tests.unit.store.store_cases import NOW, attempt, result

LATER = NOW + timedelta(days=3650)
"""Deliveries are written with the machine's time; whatever it says, they are due by then."""


@pytest.fixture
def store(tmp_path: Path):
    with SqliteStore(tmp_path / "hr.db") as store:
        load_sample(store)
        for number in (1, 2, 3):
            store.open_attempt(attempt(f"call-{number}"))
        yield store


@pytest.fixture
def outbox(store: SqliteStore) -> Outbox:
    made = Outbox(store.transactions)
    made.set_destinations([("hr", "webhook")], NOW)
    return made


def finish(store: SqliteStore, *numbers: int) -> None:
    for number in numbers:
        store.finish(result(f"call-{number}", attempt=number))


def lease(outbox: Outbox, *, after_s: float = 0, limit: int = 10, batched: bool = False) -> tuple[Delivery, ...]:
    return outbox.lease("hr", holder="a:1:1", at=LATER + timedelta(seconds=after_s), lease_s=60, limit=limit, batched=batched)


def keys(deliveries: tuple[Delivery, ...]) -> list[str]:
    return [delivery.key for delivery in deliveries]


def test_a_result_waits_for_every_active_destination(store: SqliteStore, outbox: Outbox) -> None:
    outbox.set_destinations([("hr", "webhook"), ("files", "drop")], NOW)
    finish(store, 1)
    outbox.set_destinations([("files", "drop")], NOW)
    finish(store, 2)
    assert [(each.name, each.active, each.waiting) for each in outbox.status()] == [("files", True, 2), ("hr", False, 1)]


def test_a_new_destination_gets_what_there_is_and_one_that_returns_what_it_missed(store: SqliteStore, outbox: Outbox) -> None:
    finish(store, 1)
    outbox.delivered([each.id for each in lease(outbox)], LATER)
    outbox.set_destinations([], NOW)
    finish(store, 2)
    assert lease(outbox) == ()
    outbox.set_destinations([("hr", "webhook"), ("late", "drop")], NOW)
    outbox.set_destinations([("hr", "webhook"), ("late", "drop")], NOW)
    assert keys(lease(outbox)) == ["call-2:1"]
    assert keys(outbox.lease("late", holder="a:1:1", at=LATER, lease_s=60, limit=10)) == ["call-1:1", "call-2:1"]


def test_a_result_that_is_not_written_is_not_sent(store: SqliteStore, outbox: Outbox) -> None:
    with pytest.raises(ConflictError):
        store.finish(result("call-1", attempt=7))
    assert lease(outbox) == ()


def test_what_is_leased_is_nobody_elses_until_the_lease_runs_out(store: SqliteStore, outbox: Outbox) -> None:
    finish(store, 1, 2, 3)
    assert keys(lease(outbox, limit=2)) == ["call-1:1", "call-2:1"]
    assert keys(lease(outbox)) == ["call-3:1"]
    assert keys(lease(outbox, after_s=59)) == []
    assert outbox.next_due("hr") == LATER + timedelta(seconds=60)
    assert keys(lease(outbox, after_s=60)) == ["call-1:1", "call-2:1", "call-3:1"]


def test_only_the_last_revision_goes_out(store: SqliteStore, outbox: Outbox) -> None:
    finish(store, 1)
    (first,) = lease(outbox)
    store.revise_result("call-1", {"interest": "hesitant"}, reason="corrected")
    store.revise_result("call-1", {"interest": "interested"}, reason="corrected")
    (last,) = lease(outbox)
    assert (last.key, last.result.interest, last.cursor) == ("call-1:3", "interested", 3)
    outbox.failed([first.id], "HTTP 500", at=LATER, next_at=LATER)
    outbox.delivered([last.id], LATER)
    assert lease(outbox, after_s=600) == (), "the older one does not come back"


def test_a_failure_comes_back_when_it_is_due_and_dies_when_it_is_given_up(store: SqliteStore, outbox: Outbox) -> None:
    finish(store, 1)
    (sent,) = lease(outbox)
    outbox.failed([sent.id], "HTTP 500", at=LATER, next_at=LATER + timedelta(seconds=90))
    assert lease(outbox, after_s=89) == ()
    (again,) = lease(outbox, after_s=90)
    assert (again.key, again.attempts) == ("call-1:1", 1)
    outbox.failed([again.id], "HTTP 410", at=LATER, next_at=None)
    (letter,) = outbox.dead_letters()
    assert (letter.destination, letter.call_id, letter.attempts, letter.last_error) == ("hr", "call-1", 2, "HTTP 410")
    assert lease(outbox, after_s=1_000_000) == ()
    with pytest.raises(NotFoundError):
        outbox.replay(LATER, letter=letter.id + 1)
    assert outbox.replay(LATER, destination="another") == 0
    assert outbox.replay(LATER, letter=letter.id) == 1
    (replayed,) = lease(outbox)
    assert (replayed.key, replayed.attempts) == ("call-1:1", 0)
    assert outbox.dead_letters() == ()


def test_a_dead_letter_makes_way_for_a_later_revision(store: SqliteStore, outbox: Outbox) -> None:
    finish(store, 1)
    outbox.failed([each.id for each in lease(outbox)], "HTTP 410", at=LATER, next_at=None)
    store.revise_result("call-1", {"interest": "hesitant"}, reason="corrected")
    assert outbox.dead_letters() == ()
    assert keys(lease(outbox)) == ["call-1:2"]


def test_a_batch_comes_back_whole(store: SqliteStore, outbox: Outbox) -> None:
    finish(store, 1, 2)
    first = lease(outbox, limit=2, batched=True)
    finish(store, 3)
    assert lease(outbox, after_s=1, batched=True) == (), "one file after the other"
    again = lease(outbox, after_s=61, limit=10, batched=True)
    assert (keys(again), {each.batch for each in again}) == (keys(first), {1})
    outbox.delivered([each.id for each in again], LATER)
    (rest,) = lease(outbox, after_s=62, limit=10, batched=True)
    assert (rest.key, rest.batch) == ("call-3:1", 3)


def test_what_a_dead_process_held_is_free_at_once(store: SqliteStore, outbox: Outbox) -> None:
    finish(store, 1, 2)
    first = outbox.lease("hr", holder="dead:1:1", at=LATER, lease_s=60, limit=1)
    outbox.lease("hr", holder="elsewhere:1:1", at=LATER, lease_s=60, limit=1)
    alive = {"dead:1:1": False, "elsewhere:1:1": None}
    assert outbox.free_leases(alive.get) == 1
    assert keys(lease(outbox)) == keys(first)
    assert outbox.free_leases(alive.get) == 0
