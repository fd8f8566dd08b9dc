"""A process that works on an HR database, for the tests beside it. It says what it has done, line by line.

store_worker.py write DATABASE NAME COUNT    open, talk and finish COUNT calls
store_worker.py talk DATABASE NAME           add turns to one call until killed
store_worker.py hold DATABASE exclusive|file take a lock, keep it until standard input ends
"""

import sqlite3
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from hr_sync import owner
from hr_sync.records import CallAttempt, CallResult, CallState, Turn
from hr_sync.store import SqliteStore

CANDIDATE, JOB = "zhang-wei", "key-account-sales"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def opened(store: SqliteStore, call_id: str) -> CallAttempt:
    return store.open_attempt(
        CallAttempt(call_id=call_id, candidate_id=CANDIDATE, job_id=JOB, started_at=datetime.now(UTC), owner=owner.this_process())
    )


def turn(index: int) -> Turn:
    return Turn(who="candidate", text=f"第{index}句", start_ms=index * 1000, end_ms=index * 1000 + 900)


def write(database: Path, name: str, calls: int) -> None:
    with SqliteStore(database) as store:
        say("ready")
        sys.stdin.readline()
        for number in range(calls):
            call = opened(store, f"{name}-{number}")
            store.add_turn(call.call_id, 0, turn(0))
            store.finish(
                CallResult(
                    call_id=call.call_id,
                    attempt=call.attempt,
                    candidate_id=CANDIDATE,
                    job_id=JOB,
                    disposition="completed",
                    started_at=call.started_at,
                    ended_at=datetime.now(UTC),
                )
            )
        say("done")


def talk(database: Path, name: str) -> None:
    with SqliteStore(database) as store:
        call = opened(store, name)
        for state in (CallState.DIALLING, CallState.TALKING):
            store.set_state(call.call_id, state, datetime.now(UTC))
        for index in count():
            store.add_turn(call.call_id, index, turn(index))
            say(str(index))


def hold(database: Path, how: str) -> None:
    connection = sqlite3.connect(database, isolation_level=None)
    if how == "file":
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    say("held")
    sys.stdin.readline()
    connection.execute("COMMIT")
    connection.close()
    say("released")


if __name__ == "__main__":
    _, deed, path, *rest = sys.argv
    if deed == "write":
        write(Path(path), rest[0], int(rest[1]))
    elif deed == "talk":
        talk(Path(path), rest[0])
    else:
        hold(Path(path), rest[0])
