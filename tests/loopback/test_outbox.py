"""Results pushed to real receivers: a web server, a folder, a PostgreSQL table."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from aiohttp import web

from hr_sync.errors import ServiceError
from hr_sync.outbox import signature
from hr_sync.outbox.dispatcher import Dispatcher
from hr_sync.outbox.targets import OutboxRules
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.outbox import Outbox
from tests.postgres import Cluster
from tests.unit.store.store_cases import attempt, result, turn

SECRET = signature.new_secret()
QUICK = {"first_s": 0.02, "longest_s": 0.1, "attempts": 4}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "hr.db") as store:
        load_sample(store)
        yield store


@pytest.fixture
def outbox(store: SqliteStore) -> Outbox:
    return Outbox(store.transactions)


def finish(store: SqliteStore, *numbers: int, **fields: object) -> None:
    for number in numbers:
        store.open_attempt(attempt(f"call-{number}"))
        store.finish(result(f"call-{number}", attempt=number, **fields))


class Receiver:
    """A web server that answers what it is told to, then 204."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.heard.append((dict(request.headers), await request.read()))
        return self.answers.pop(0) if self.answers else web.Response(status=204)

    def keys(self) -> list[str]:
        return [headers["Idempotency-Key"] for headers, _ in self.heard]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/results"
    yield made
    await runner.cleanup()


@asynccontextmanager
async def dispatching(outbox: Outbox, *destinations: dict[str, object]) -> AsyncIterator[Dispatcher]:
    rules = OutboxRules.model_validate({"destinations": [{"retry": QUICK} | each for each in destinations], "poll_s": 0.02})
    async with Dispatcher(outbox, rules) as dispatcher:
        yield dispatcher


def hook(receiver: Receiver, **fields: object) -> dict[str, object]:
    return {"kind": "webhook", "name": "hr", "url": receiver.url, "secret": SECRET} | fields


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not done():  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.02)


def settled(outbox: Outbox) -> Callable[[], bool]:
    return lambda: all(each.waiting == 0 for each in outbox.status())


# ---- webhooks


async def test_a_result_arrives_signed(store: SqliteStore, outbox: Outbox, receiver: Receiver) -> None:
    async with dispatching(outbox, hook(receiver)):
        finish(store, 1, slots={"city": "杭州"})
        await until(lambda: len(receiver.heard) == 1)
        store.revise_result("call-1", {"interest": "interested"}, reason="decided")
        await until(lambda: len(receiver.heard) == 2)
    for headers, body in receiver.heard:
        sent_at = int(headers["Webhook-Timestamp"])
        assert signature.verify(SECRET, headers, body, sent_at)
        assert not signature.verify(signature.new_secret(), headers, body, sent_at)
    first, second = (json.loads(body) for _, body in receiver.heard)
    assert (first["type"], second["type"]) == ("result.finished", "result.revised")
    assert second["data"] == {
        "cursor": 2, "call_id": "call-1", "revision": 2, "recording": None, "result": store.result("call-1").model_dump(mode="json"),
    }  # fmt: skip
    assert receiver.keys() == ["call-1:1", "call-1:2"]


async def test_what_fails_is_sent_again_until_it_is_a_dead_letter_and_again_when_replayed(
    store: SqliteStore, outbox: Outbox, receiver: Receiver
) -> None:
    receiver.answers = [web.Response(status=status) for status in (500, 302, 429, 401)]
    finish(store, 1)
    async with dispatching(outbox, hook(receiver)):
        await until(lambda: len(outbox.dead_letters()) == 1)
        (letter,) = outbox.dead_letters()
        assert (letter.attempts, letter.last_error) == (4, "HTTP 401")
        outbox.replay(letter.settled_at)
        await until(settled(outbox))
    assert receiver.keys() == ["call-1:1"] * 5
    assert [each.delivered for each in outbox.status()] == [1]


async def test_a_receiver_that_is_gone_for_good_is_not_asked_again(store: SqliteStore, outbox: Outbox, receiver: Receiver) -> None:
    receiver.answers = [web.Response(status=410)]
    finish(store, 1)
    async with dispatching(outbox, hook(receiver)):
        await until(lambda: len(outbox.dead_letters()) == 1)
    assert len(receiver.heard) == 1


async def test_a_wish_for_a_pause_is_kept(store: SqliteStore, outbox: Outbox, receiver: Receiver) -> None:
    receiver.answers = [web.Response(status=503, headers={"Retry-After": "1000"})]
    finish(store, 1, 2)
    async with dispatching(outbox, hook(receiver, concurrency=1)):
        await until(lambda: len(receiver.heard) == 2)
    due, (headers, _) = outbox.next_due("hr"), receiver.heard[0]
    assert due.timestamp() - int(headers["Webhook-Timestamp"]) >= 1000
    assert receiver.keys() == ["call-1:1", "call-2:1"], "the others go on meanwhile"


async def test_one_destination_does_not_hold_up_another(
    store: SqliteStore, outbox: Outbox, receiver: Receiver, tmp_path: Path
) -> None:
    finish(store, 1)
    deaf = hook(receiver, name="deaf", url="http://127.0.0.1:1/", retry={"attempts": 1000, "first_s": 0.02, "longest_s": 0.02})
    async with dispatching(outbox, deaf, hook(receiver)) as dispatcher:
        await until(lambda: dispatcher.delivered == 1 and dispatcher.failures > 2)
    assert {each.name: (each.waiting, each.delivered) for each in outbox.status()} == {"deaf": (1, 0), "hr": (0, 1)}


def test_a_secret_that_is_none_is_told_at_the_start(outbox: Outbox, tmp_path: Path) -> None:
    for fields in ({"secret": "short"}, {"secret_file": str(tmp_path / "none")}):
        rules = {"destinations": [{"kind": "webhook", "name": "hr", "url": "https://hr.example/"} | fields]}
        with pytest.raises(ServiceError, match="secret"):
            Dispatcher(outbox, OutboxRules.model_validate(rules))


# ---- files


async def test_files_appear_whole_and_in_order(store: SqliteStore, outbox: Outbox, tmp_path: Path) -> None:
    finish(store, 1, 2, 3, slots={"expected_pay": {"min": 12000, "max": 12000, "period": "month"}})
    drop = {"kind": "drop", "name": "files", "folder": str(tmp_path / "drop"), "most": 2}
    async with dispatching(outbox, drop):
        await until(settled(outbox))
    files = sorted((tmp_path / "drop").iterdir())
    assert [file.name for file in files] == ["results-000000000001.jsonl", "results-000000000003.jsonl"]
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    assert [line["call_id"] for line in lines] == ["call-1", "call-2", "call-3"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


async def test_a_spreadsheet_runs_nothing_that_a_candidate_said(store: SqliteStore, outbox: Outbox, tmp_path: Path) -> None:
    finish(store, 1, evidence='=HYPERLINK("http://x")', slots={"city": "=1+1"}, transcript=[turn()])
    async with dispatching(outbox, {"kind": "drop", "name": "files", "folder": str(tmp_path / "drop"), "form": "csv"}):
        await until(settled(outbox))
    (file,) = (tmp_path / "drop").iterdir()
    (row,) = csv.DictReader(file.read_text("utf-8-sig").splitlines())
    assert row["evidence"] == '\'=HYPERLINK("http://x")'
    assert (row["call_id"], row["revision"], row["disposition"]) == ("call-1", "1", "completed")
    assert not any(value.startswith(("=", "@")) for value in row.values())


async def test_a_folder_that_cannot_be_written_is_tried_again(store: SqliteStore, outbox: Outbox, tmp_path: Path) -> None:
    (tmp_path / "drop").write_text("a file in its place")
    finish(store, 1, 2)
    drop = {"kind": "drop", "name": "files", "folder": str(tmp_path / "drop"), "retry": QUICK | {"attempts": 1000}}
    async with dispatching(outbox, drop) as dispatcher:
        await until(lambda: dispatcher.failures >= 4)
        (tmp_path / "drop").unlink()
        await until(settled(outbox))
    assert [file.name for file in (tmp_path / "drop").iterdir()] == ["results-000000000001.jsonl"]


# ---- PostgreSQL


async def test_rows_follow_the_revisions(store: SqliteStore, outbox: Outbox, postgres: Cluster) -> None:
    dsn = postgres.database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA hr")
        finish(store, 1, slots={"expected_pay": {"min": 12000, "period": "month"}, "city": "杭\0州"})
        table = {"kind": "postgres", "name": "table", "dsn": dsn, "table": "hr.interviews"}
        async with dispatching(outbox, table) as dispatcher:
            await until(settled(outbox))
            store.revise_result("call-1", {"interest": "interested"}, reason="decided")
            await until(lambda: dispatcher.delivered == 2)
        rows = connection.execute(
            "SELECT call_id, revision, interest, expected_pay_min, expected_pay_max, result->'slots'->>'city', ended_at"
            " FROM hr.interviews"
        ).fetchall()
    assert rows == [("call-1", 2, "interested", 12000, None, "杭州", result().ended_at)]


async def test_a_database_that_goes_and_comes_is_waited_for(store: SqliteStore, outbox: Outbox, postgres: Cluster) -> None:
    dsn = postgres.database()
    table = {"kind": "postgres", "name": "table", "dsn": dsn, "retry": QUICK | {"attempts": 1000}}
    async with dispatching(outbox, table) as dispatcher:
        finish(store, 1)
        await until(settled(outbox))
        await asyncio.to_thread(postgres.stop)
        finish(store, 2)
        await until(lambda: dispatcher.failures > 0)
        await asyncio.to_thread(postgres.start)
        await until(settled(outbox))
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT call_id FROM hireline_results ORDER BY 1").fetchall() == [("call-1",), ("call-2",)]
