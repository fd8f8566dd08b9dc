"""Results on their way while every process on it is killed again and again: nothing is missed, nothing doubled."""

import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from hr_sync.outbox import signature
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.api_keys import ApiKeys
from hr_sync.store.outbox import Outbox
from tests.loopback.exchange_child import last_revision
from tests.postgres import Cluster

CHILD = Path(__file__).with_name("exchange_child.py")
CALLS = 60
LAST = {f"call-{number:04d}": last_revision(number) for number in range(CALLS)}
KILLS = 6
PATIENCE_S = 60.0
SEEDS = [int(seed) for seed in os.environ.get("EXCHANGE_SEEDS", "1").split(",")]
"""EXCHANGE_SEEDS=1,2,3 runs more of them."""


class Crowd:
    """Processes that are killed at random and started again, until what they work on is done."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._commands: dict[str, list[str]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.kills: Counter[str] = Counter()

    def start(self, deed: str, *arguments: object) -> None:
        self._commands[deed] = [sys.executable, str(CHILD), deed, *map(str, arguments)]
        self._launch(deed)

    def _launch(self, deed: str) -> None:
        self._running[deed] = subprocess.Popen(self._commands[deed], stdout=subprocess.PIPE)

    def kill_until(self, done: Callable[[], bool], *, kills: int) -> None:
        """Kill one of them at its work every now and then, so often or until all is done; then let them finish."""
        deadline = time.monotonic() + PATIENCE_S
        order: list[str] = []
        while not done():
            assert time.monotonic() < deadline, "they do not come to an end"
            if not order:
                order = self._chance.sample(sorted(self._running), len(self._running))
            victim = order.pop()
            process = self._running[victim]
            if self.kills.total() < kills and process.stdout.readline() == b"up\n":
                time.sleep(self._chance.uniform(0, 0.2))
                process.kill()
                self.kills[victim] += 1
                self._bury(victim)
                self._launch(victim)
            time.sleep(0.02)

    def _bury(self, deed: str) -> None:
        self._running[deed].stdout.close()
        self._running[deed].wait()

    def over(self, deed: str) -> bool:
        return self._running[deed].poll() == 0

    def stop(self) -> None:
        for deed, process in self._running.items():
            process.kill()
            self._bury(deed)


@contextmanager
def crowd(seed: int) -> Iterator[Crowd]:
    made = Crowd(seed)
    try:
        yield made
    finally:
        made.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "hr.db"
    with SqliteStore(path) as store:
        load_sample(store)
    return path


@pytest.mark.parametrize("seed", SEEDS)
def test_pulled_results(database: Path, tmp_path: Path, seed: int) -> None:
    with SqliteStore(database) as store:
        _, token = ApiKeys(store.transactions).create("pull", role="integration", scopes=["results:read"], at=datetime.now(UTC))
    port, file = free_port(), tmp_path / "results.jsonl"
    with crowd(seed) as processes:
        processes.start("write", database, CALLS)
        processes.start("serve", database, port)
        processes.start("pull", file, f"http://127.0.0.1:{port}", token, CALLS)
        processes.kill_until(lambda: processes.over("pull"), kills=KILLS)
        assert len(processes.kills) == 3, "each was killed at its work"
    items = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    cursors = [item["cursor"] for item in items]
    assert cursors == sorted(set(cursors)), "in order, none twice"
    assert max(Counter((item["call_id"], item["revision"]) for item in items).values()) == 1
    assert {item["call_id"]: item["revision"] for item in items} == LAST, "each ends with its last revision"
    with SqliteStore(database) as store:
        assert {item["call_id"]: item["result"] for item in items} == {
            stored.result.call_id: stored.result.model_dump(mode="json") for stored in store.results(limit=CALLS)
        }


@pytest.mark.parametrize("seed", SEEDS)
def test_pushed_results(database: Path, tmp_path: Path, postgres: Cluster, seed: int) -> None:
    port, secret, dsn = free_port(), signature.new_secret(), postgres.database()
    retry = {"first_s": 0.05, "longest_s": 0.3, "attempts": 1000}
    destinations = [
        {"kind": "webhook", "name": "hook", "url": f"http://127.0.0.1:{port}/", "secret": secret, "timeout_s": 2, "retry": retry},
        {"kind": "drop", "name": "files", "folder": str(tmp_path / "drop"), "most": 9, "retry": retry},
        {"kind": "postgres", "name": "table", "dsn": dsn, "most": 9, "retry": retry},
    ]
    with SqliteStore(database) as store, crowd(seed) as processes:
        outbox = Outbox(store.transactions)
        outbox.set_destinations([(each["name"], each["kind"]) for each in destinations], datetime.now(UTC))
        processes.start("write", database, CALLS)
        processes.start("receive", tmp_path / "taken.db", port, secret)
        processes.start("dispatch", database, json.dumps({"destinations": destinations, "poll_s": 0.02}))
        processes.kill_until(lambda: processes.over("write") and all(each.waiting == 0 for each in outbox.status()), kills=KILLS)
        assert len(processes.kills) == 3, "each was killed at its work"
        assert all(each.dead == 0 for each in outbox.status())
        expected = {stored.result.call_id: (stored.revision, stored.result.interest) for stored in store.results(limit=CALLS)}
    assert {call_id: revision for call_id, (revision, _) in expected.items()} == LAST

    kept = sqlite3.connect(tmp_path / "taken.db")
    taken = kept.execute("SELECT call_id, revision, interest FROM taken ORDER BY revision").fetchall()
    kept.close()
    assert {call_id: (revision, interest) for call_id, revision, interest in taken} == expected
    assert len({(call_id, revision) for call_id, revision, _ in taken}) == len(taken)

    files = sorted((tmp_path / "drop").glob("results-*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    assert max(Counter((item["call_id"], item["revision"]) for item in lines).values()) == 1, "no file repeats another"
    newest = {item["call_id"]: item for item in sorted(lines, key=lambda item: item["revision"])}
    assert {call_id: (item["revision"], item["result"]["interest"]) for call_id, item in newest.items()} == expected

    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT call_id, revision, interest, result->>'interest' FROM hireline_results").fetchall()
    assert {call_id: (revision, interest) for call_id, revision, interest, _ in rows} == expected
    assert len(rows) == CALLS
    assert all(interest == inside for _, _, interest, inside in rows)
