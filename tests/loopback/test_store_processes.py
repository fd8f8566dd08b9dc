"""The HR database under several real processes: writing at once, killed in the middle, holding it locked."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hr_sync import owner
from hr_sync.errors import StoreBusyError
from hr_sync.records import CallState
from hr_sync.sample import load_sample, read_sample
from hr_sync.store import PutCounts, SqliteStore

WORKER = Path(__file__).with_name("store_worker.py")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "hr.db"
    with SqliteStore(path) as store:
        load_sample(store)
    return path


@pytest.fixture
def start() -> Iterator[Start]:
    """Start workers; whatever still runs at the end is killed and waited for."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: object) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, str(WORKER), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        return started[-1]

    yield run
    for worker in started:
        worker.kill()
        worker.communicate()


def said(worker: "subprocess.Popen[str]", line: str) -> None:
    """Read the worker's output up to a line."""
    while (heard := worker.stdout.readline().strip()) != line:
        assert heard, f"the worker ended before it said {line}"


def go(worker: "subprocess.Popen[str]") -> None:
    worker.stdin.write("\n")
    worker.stdin.flush()


# ---- several at once


def test_two_processes_write_at_once(database: Path, start: Start) -> None:
    calls = 40
    workers = [start("write", database, name, calls) for name in ("a", "b")]
    for worker in workers:
        said(worker, "ready")
    for worker in workers:
        go(worker)
    with SqliteStore(database) as store:
        cursors: list[int] = []
        names: list[str] = []
        while len(names) < 2 * calls and any(worker.poll() is None for worker in workers):
            for stored in store.results(after=cursors[-1] if cursors else 0, limit=9):
                cursors.append(stored.cursor)
                names.append(stored.result.call_id)
        for worker in workers:
            said(worker, "done")
            assert worker.wait(20) == 0
        for stored in store.results(after=cursors[-1] if cursors else 0, limit=2 * calls):
            cursors.append(stored.cursor)
            names.append(stored.result.call_id)
        assert cursors == list(range(1, 2 * calls + 1))
        assert sorted(names) == sorted(f"{name}-{number}" for name in "ab" for number in range(calls))
        assert sorted(call.attempt for call in store.attempts("zhang-wei")) == list(range(1, 2 * calls + 1))
        assert store.check() == ()


def test_processes_that_make_the_database_at_once_agree(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "new" / "hr.db"
    workers = [start("write", path, name, 0) for name in "abcd"]
    for worker in workers:
        said(worker, "ready")
        go(worker)
    for worker in workers:
        assert worker.wait(20) == 0
    with SqliteStore(path) as store:
        assert load_sample(store).jobs == PutCounts(new=4)
        assert store.check() == ()


# ---- killed


def test_a_killed_writer_loses_nothing_it_had_written(database: Path, start: Start) -> None:
    worker = start("talk", database, "killed-call")
    said(worker, "25")
    worker.send_signal(signal.SIGKILL)
    rest = [int(line) for line in worker.stdout.read().split("\n")[:-1] if line]
    worker.wait(10)
    confirmed = max([25, *rest])

    with SqliteStore(database) as store:
        assert store.check() == ()
        written = store.turns("killed-call")
        assert len(written) in (confirmed + 1, confirmed + 2), "the last one may be written and not yet confirmed"
        assert [turn.text for turn in written] == [f"第{index}句" for index in range(len(written))]

        (left,) = store.unfinished(except_owner=owner.this_process())
        assert (left.call_id, left.state) == ("killed-call", CallState.TALKING)
        assert owner.is_alive(left.owner) is False
        result = store.abandon(left.call_id, datetime.now(UTC), "its process is gone")
        assert (result.disposition, result.transcript) == ("partial", written)
        assert store.unfinished() == ()
        assert [call.call_id for call in store.attempts("zhang-wei")] == ["killed-call"], "nothing is called again by itself"


def test_an_owner_is_dead_when_its_process_has_ended(database: Path, start: Start) -> None:
    worker = start("talk", database, "call")
    said(worker, "0")
    with SqliteStore(database) as store:
        name = store.attempt("call").owner
    assert owner.is_alive(name) is True
    worker.kill()
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    assert owner.is_alive(name) is False, "a process nobody waited for has ended too"
    worker.wait(10)
    assert owner.is_alive(name) is False


# ---- locked


@pytest.mark.parametrize("how", ["exclusive", "file"])
def test_a_locked_database_is_reported_within_the_limit(database: Path, start: Start, how: str) -> None:
    holder = start("hold", database, how)
    said(holder, "held")
    began = time.monotonic()
    with pytest.raises(StoreBusyError) as busy, SqliteStore(database, busy_limit_s=0.5) as store:
        store.put_candidates([read_sample().candidates[0].model_copy(update={"id": "late"})])
    assert 0.4 <= time.monotonic() - began < 3
    assert f"pid {holder.pid}" in str(busy.value)
    assert busy.value.where == str(database)
    assert busy.value.remedy
    assert busy.value.retryable


def test_reading_goes_on_while_another_writes(database: Path, start: Start) -> None:
    holder = start("hold", database, "exclusive")
    said(holder, "held")
    with SqliteStore(database, busy_limit_s=0.5) as store:
        assert len(store.candidates()) == 12


def test_a_lock_that_goes_in_time_is_waited_out(database: Path, start: Start) -> None:
    holder = start("hold", database, "exclusive")
    said(holder, "held")
    release = threading.Timer(0.3, go, [holder])
    release.start()
    try:
        with SqliteStore(database, busy_limit_s=20) as store:
            began = time.monotonic()
            assert store.put_candidates([read_sample().candidates[0].model_copy(update={"id": "late"})]) == PutCounts(new=1)
            assert time.monotonic() - began < 19
            assert store.candidate("late")
    finally:
        release.join()
    said(holder, "released")
