"""The audit log: whatever is done to it behind its back is found."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hr_sync.care.keyring import KeyRing
from hr_sync.errors import StoreError
from hr_sync.store import SqliteStore
from hr_sync.store.audit import AuditLog
from tests.unit.store.store_cases import NOW

KEYS = KeyRing({"00000001": bytes(32)})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "hr.db") as store:
        yield store


@pytest.fixture
def log(store: SqliteStore) -> AuditLog:
    made = AuditLog(store.transactions, lambda: KEYS, lambda: NOW)
    for number in range(1, 6):
        made.note("key:abc", "candidate.read", f"candidate-{number}", {"count": number})
    return made


def behind_its_back(store: SqliteStore, *statements: str) -> None:
    connection = sqlite3.connect(store.path)
    for statement in ("DROP TRIGGER audit_log_no_update", "DROP TRIGGER audit_log_no_delete", *statements):
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_sound_log_verifies(log: AuditLog) -> None:
    report = log.verify()
    assert (report.lines, report.faults) == (5, ())
    assert report.head.startswith("5:")
    assert log.verify(report.head).faults == ()
    (line,) = log.lines(subject="candidate-3")
    assert (line.number, line.actor, line.action, line.details) == (3, "key:abc", "candidate.read", {"count": 3})
    assert [line.number for line in log.lines(limit=2)] == [5, 4]


@pytest.mark.parametrize(
    ("deed", "fault"),
    [
        ("UPDATE audit_log SET actor = 'key:other' WHERE number = 3", "line 3 was changed"),
        ("UPDATE audit_log SET at = '2026-01-01T00:00:00.000000Z' WHERE number = 5", "line 5 was changed"),
        ("UPDATE audit_log SET details = '{}' WHERE number = 1", "line 1 was changed"),
        ("DELETE FROM audit_log WHERE number = 3", "lines 3 to 3 are missing"),
        ("DELETE FROM audit_log WHERE number = 1", "lines 1 to 1 are missing"),
        ("DELETE FROM audit_log WHERE number = 5", "the last line was 5, now it is 4"),
        ("UPDATE audit_log SET key_id = '0000000f' WHERE number = 2", "which is not here"),
        (
            "INSERT INTO audit_log SELECT 6, at, actor, action, subject, details, key_id, seal FROM audit_log WHERE number = 5",
            "line 6",
        ),
    ],
)
def test_what_was_done_to_it_is_found(store: SqliteStore, log: AuditLog, deed: str, fault: str) -> None:
    behind_its_back(store, deed)
    assert fault in log.verify().faults[0]


def test_lines_that_changed_places_are_found(store: SqliteStore, log: AuditLog) -> None:
    behind_its_back(
        store,
        "UPDATE audit_log SET number = 99 WHERE number = 2",
        "UPDATE audit_log SET number = 2 WHERE number = 3",
        "UPDATE audit_log SET number = 3 WHERE number = 99",
    )
    assert len(log.verify().faults) >= 2


def test_an_end_that_was_cut_off_and_covered_up_is_found_by_the_head(store: SqliteStore, log: AuditLog) -> None:
    kept = log.verify().head
    behind_its_back(store, "DELETE FROM audit_log WHERE number >= 4", "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'audit_log'")
    assert log.verify().faults == (), "nothing inside tells of it"
    assert "line 5" in log.verify(kept).faults[0]
    log.note("key:abc", "candidate.read", "another")
    log.note("key:abc", "candidate.read", "another")
    assert "line 5" in log.verify(kept).faults[0]


def test_who_has_no_key_cannot_make_the_chain_fit(store: SqliteStore, log: AuditLog) -> None:
    forger = AuditLog(store.transactions, lambda: KeyRing({"00000001": b"x" * 32}), lambda: NOW)
    forger.note("key:abc", "nothing", "")
    assert "line 6" in log.verify().faults[0]


def test_accidents_are_stopped(store: SqliteStore, log: AuditLog) -> None:
    for deed in ("DELETE FROM audit_log", "UPDATE audit_log SET actor = ''"):
        with pytest.raises(StoreError, match="only written at its end"), store.transactions.write() as db:
            db.execute(deed)
    assert log.verify().lines == 5


def test_a_new_key_goes_on_with_the_chain(store: SqliteStore, log: AuditLog) -> None:
    both = KeyRing({"00000001": bytes(32), "00000002": b"y" * 32})
    after = AuditLog(store.transactions, lambda: both, lambda: NOW)
    after.note("system", "keys.rotated", "")
    assert after.verify().faults == ()
    assert "00000002" in log.verify().faults[0]


def test_many_who_write_at_once_make_one_chain(log: AuditLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.note("system", "read", str(number)), range(60)))
    assert (log.verify().lines, log.verify().faults) == (65, ())
