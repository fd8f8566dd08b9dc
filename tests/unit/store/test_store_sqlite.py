"""The SQLite file itself: its mode, its versions, and files that are refused."""

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database
from structlog.testing import capture_logs

from hr_sync.errors import StoreBusyError, StoreCorruptError, StoreError
from hr_sync.records import CallState
from hr_sync.sample import load_sample
from hr_sync.store import PutCounts, SqliteStore, migrations
from hr_sync.store.rows import attempt_row, candidate_row, result_row
from tests.unit.store.store_cases import NOW, SAMPLE, ZHANG, attempt, learned, result, turn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "hr.db"


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def write(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


# ---- how it is kept


def test_only_the_owner_can_read_the_files(path: Path) -> None:
    mask = os.umask(0)
    try:
        with SqliteStore(path) as store:
            load_sample(store)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(mask)
    assert modes == {"hr.db": 0o600, "hr.db-wal": 0o600, "hr.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_others_can_read_is_said_aloud(path: Path) -> None:
    SqliteStore(path).close()
    path.chmod(0o644)
    with capture_logs() as logs, SqliteStore(path) as store:
        assert any("chmod 600" in problem for problem in store.check())
    assert [line["event"] for line in logs] == ["database_readable_by_others"]


def test_settings_of_every_connection(path: Path) -> None:
    with SqliteStore(path) as store, store._connections.read() as first, store._connections.read() as second:
        assert first.conn is not second.conn
        for db in (first, second):
            settings = [
                db.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
            assert settings == ["wal", 1, 1, 5000]


def test_connections_are_given_back(path: Path) -> None:
    with SqliteStore(path) as store:
        for _ in range(20):
            store.candidates()
        with pytest.raises(StoreError):
            store.candidate("nobody")
        assert len(store._connections._idle) == 1


def test_a_store_is_not_carried_over_a_fork(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SqliteStore(path) as store:
        here = os.getpid()
        monkeypatch.setattr(os, "getpid", lambda: here + 1)
        with pytest.raises(StoreError, match="another process"):
            store.candidates()
        monkeypatch.undo()


def test_a_thread_that_cannot_write_in_time_is_told(path: Path) -> None:
    with SqliteStore(path, busy_limit_s=0.1) as store, store._connections.write():
        began = time.monotonic()
        with pytest.raises(StoreBusyError, match=r"0\.1 s by another thread of this process"):
            store.put_candidates(SAMPLE.candidates)
        assert time.monotonic() - began < 5


def test_a_cursor_is_never_given_again(path: Path) -> None:
    """Also not when results are deleted because their time is over: a reader has seen the cursor."""
    with SqliteStore(path) as store:
        load_sample(store)
        for number in (1, 2):
            store.open_attempt(attempt(f"call-{number}"))
        store.finish(result("call-1"))
        write(path, "DELETE FROM results")
        store.finish(result("call-2", attempt=2))
        assert [stored.cursor for stored in store.results()] == [2]


def test_a_failed_write_leaves_nothing_and_frees_the_lock(path: Path) -> None:
    with SqliteStore(path) as store:
        load_sample(store)
        for _ in range(2):
            with pytest.raises(StoreError, match="nowhere"), store._connections.write() as db:
                db.executescript("DELETE FROM contacts; INSERT INTO nowhere VALUES (1);")
        assert store.contacts("zhang-wei")


# ---- what people see in it


def test_the_overview_shows_what_recruiters_ask_for(path: Path) -> None:
    with SqliteStore(path) as store:
        load_sample(store)
        store.open_attempt(attempt())
        store.finish(
            result(
                interest="interested",
                slots={"expected_pay": {"min": 12000, "max": 12000, "period": "month"}, "start_date": {"date": "2026-12-01"}},
                pay_fit={"score": 85, "range": [10000, 13000]},
                doubts=[{"intent": "ask_overtime", "text": "加班多吗", "answered": True}],
                transcript=[turn()],
            )
        )
    assert rows(
        path,
        "SELECT candidate, job, disposition, interest, expected_pay_min, pay_min, pay_max, pay_fit_score, start_date, talk_s,"
        " ended_at FROM result_overview",
    ) == [
        (
            "张伟",
            "大客户销售",
            "completed",
            "interested",
            12000,
            10000,
            13000,
            85,
            "2026-12-01",
            141.0,
            "2026-11-22T02:02:30.000000Z",
        )
    ]
    assert rows(path, "SELECT slot, json_extract(answer, '$.min') FROM answers WHERE slot = 'expected_pay'") == [
        ("expected_pay", 12000)
    ]
    assert rows(path, "SELECT intent, text, answered FROM doubts") == [("ask_overtime", "加班多吗", 1)]
    assert rows(path, "SELECT candidate, state, disposition, turns FROM call_overview") == [("张伟", "ended", "completed", 1)]
    assert rows(path, "SELECT topic FROM job_facts WHERE job_id = 'customer-service' AND topic IN ('overtime', 'hours')") == [
        ("hours",)
    ]


@pytest.mark.parametrize(
    "slots",
    [
        {"expected_pay": "面议"},
        {"expected_pay": {"min": "一万", "max": True}, "start_date": "下周"},
        {"expected_pay": {"min": 9000.5}, "start_date": {"in_days": 7}},
    ],
)
def test_odd_slots_stay_in_the_document(path: Path, slots: dict[str, object]) -> None:
    with SqliteStore(path) as store:
        load_sample(store)
        store.open_attempt(attempt())
        store.finish(result(slots=slots))
        assert store.result("call-1").slots == slots
    assert rows(path, "SELECT expected_pay_min, expected_pay_max, start_date FROM results") == [(None, None, None)]


def test_rows_that_lost_what_they_refer_to_are_found(path: Path) -> None:
    with SqliteStore(path) as store:
        load_sample(store)
        write(path, "PRAGMA foreign_keys = OFF", "DELETE FROM candidates WHERE id = 'ma-jun'")
        assert store.check() == ("1 rows of contacts refer to records that do not exist",)


# ---- versions


def make_version(path: Path, steps: int) -> None:
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    db = Database(path)
    db.conn.isolation_level = None
    db.execute("BEGIN IMMEDIATE")
    migrations.upgrade(db, where=str(path), to=steps)
    if steps:
        row = candidate_row(ZHANG) | {"updated_at": "2026-01-01T00:00:00.000000Z"}
        db.table("candidates").insert({column: row[column] for column in db.table("candidates").columns_dict})
    db.execute("COMMIT")
    db.close()


@pytest.mark.parametrize("steps", range(len(migrations.STEPS)))
def test_every_older_version_is_brought_up_with_its_data(path: Path, steps: int) -> None:
    make_version(path, steps)
    with SqliteStore(path) as store:
        assert [candidate.id for candidate in store.candidates()] == (["zhang-wei"] if steps else [])
        counts = load_sample(store)
        assert counts.candidates == (PutCounts(new=11, same=1) if steps else PutCounts(new=12))
        store.open_attempt(attempt())
        store.set_state("call-1", CallState.DIALLING, NOW)
        store.learn("call-1", learned())
        store.finish(result())
        assert store.check() == ()
    assert rows(path, "SELECT name FROM _sqlite_migrations ORDER BY id") == [(name,) for name, _ in migrations.STEPS]


def test_opening_again_changes_nothing(path: Path) -> None:
    SqliteStore(path).close()
    before = path.read_bytes()
    with capture_logs() as logs:
        SqliteStore(path).close()
    assert logs == []
    assert path.read_bytes() == before


def test_an_upgrade_that_fails_leaves_the_old_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_version(path, 1)
    before = rows(path, "SELECT name, sql FROM sqlite_master ORDER BY name")

    def broken(db: Database) -> None:
        db.execute("CREATE TABLE half (a)")
        db.execute("INSERT INTO nowhere VALUES (1)")

    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS[:4], ("0005_broken", broken)))
    with pytest.raises(StoreError, match="nowhere"):
        SqliteStore(path)
    monkeypatch.undo()
    assert rows(path, "SELECT name, sql FROM sqlite_master ORDER BY name") == before
    with SqliteStore(path) as store:
        assert store.candidate("zhang-wei") == ZHANG


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    SqliteStore(path).close()
    write(path, "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('hireline', '0099_future', '2030-01-01')")
    before = path.read_bytes()
    with pytest.raises(StoreCorruptError, match=r"newer version of Hireline.*0099_future") as refused:
        SqliteStore(path)
    assert refused.value.where == str(path)
    assert path.read_bytes() == before


# ---- files that are refused


def other_program(path: Path) -> None:
    write(path, "CREATE TABLE songs (title)")


def other_application(path: Path) -> None:
    write(path, "PRAGMA application_id = 252006674")


def text(path: Path) -> None:
    path.write_text("姓名,电话\n" * 400, "utf-8")


def cut_short(path: Path) -> None:
    with SqliteStore(path) as store:
        load_sample(store)
    os.truncate(path, path.stat().st_size // 2)


def header_overwritten(path: Path) -> None:
    SqliteStore(path).close()
    with path.open("r+b") as file:
        file.write(b"\0" * 100)


@pytest.mark.parametrize("damage", [other_program, other_application, text, cut_short, header_overwritten])
def test_a_file_that_is_no_database_of_ours_is_refused_and_left_alone(path: Path, damage: Callable[[Path], None]) -> None:
    path.parent.mkdir()
    damage(path)
    before = path.read_bytes()
    with pytest.raises(StoreCorruptError) as refused:
        SqliteStore(path)
    assert refused.value.where == str(path)
    assert refused.value.remedy
    assert path.read_bytes() == before


def test_damage_inside_is_found(path: Path) -> None:
    with SqliteStore(path) as store:
        load_sample(store)
    page = rows(path, "SELECT rootpage FROM sqlite_master WHERE name = 'candidates'")[0][0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    with SqliteStore(path) as store:
        assert store.check()
        with pytest.raises(StoreCorruptError, match="damaged"):
            store.candidates()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match=r"hr\.db"):
        SqliteStore(tmp_path / "hr.db")


def test_a_folder_in_the_place_of_the_file_is_named(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError) as refused:
        SqliteStore(path)
    assert refused.value.where == str(path)


def test_a_restored_copy_that_somebody_reads_is_taken_when_they_have_read(path: Path) -> None:
    """A copy made by VACUUM INTO has no write-ahead log; turning it on needs the file for oneself."""
    SqliteStore(path).close()
    write(path, "PRAGMA journal_mode = DELETE")
    reader = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM candidates").fetchone()
    with pytest.raises(StoreBusyError):
        SqliteStore(path, busy_limit_s=0.2)
    release = threading.Timer(0.2, reader.execute, ["COMMIT"])
    release.start()
    try:
        with SqliteStore(path, busy_limit_s=20) as store:
            assert store.candidates() == ()
    finally:
        release.join()
        reader.close()
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


def test_results_from_before_revisions_keep_their_cursors(path: Path) -> None:
    make_version(path, [name for name, _ in migrations.STEPS].index("0020_result_events"))
    for number in (1, 2, 3, 4):
        done = result(f"call-{number}", attempt=number)
        row = result_row(done)
        call = attempt_row(attempt(f"call-{number}")) | {"attempt": number, "state": "ended", "result_at": row["ended_at"]}
        for table, values in (("calls", call), ("results", row)):
            insert(path, table, values)
    write(path, "DELETE FROM results WHERE cursor IN (1, 4)")  # their time was over, after readers had seen them
    with SqliteStore(path) as store:
        load_sample(store)
        assert [(stored.cursor, stored.revision) for stored in store.results()] == [(2, 1), (3, 1)]
        store.open_attempt(attempt("call-5"))
        store.finish(result("call-5", attempt=5))
        assert store.revise_result("call-2", {"interest": "hesitant"}, reason="corrected").cursor == 6
        assert [stored.cursor for stored in store.results()] == [3, 5, 6]
        assert store.check() == ()


def insert(path: Path, table: str, values: dict[str, object]) -> None:
    connection = sqlite3.connect(path)
    try:
        Database(connection).table(table).insert(values)
        connection.commit()
    finally:
        connection.close()
