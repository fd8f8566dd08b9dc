"""One side of the exchange as a process of its own, for tests that kill it. Each goes on where it was when it is started again.

exchange_child.py write DATABASE CALLS             finish CALLS calls and revise every third
exchange_child.py serve DATABASE PORT              the REST API
exchange_child.py dispatch DATABASE RULES          the outbox's dispatcher; RULES are its settings as JSON
exchange_child.py receive DATABASE PORT SECRET     a webhook's receiver, which keeps what it takes
exchange_child.py pull FILE URL TOKEN CALLS        the pull connector, until CALLS calls are in their last revision
"""

import asyncio
import json
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from hr_sync.api.rules import ApiRules
from hr_sync.api.server import ApiServer
from hr_sync.care.keyring import load_keys
from hr_sync.care.recordings import RecordingFolder
from hr_sync.connectors.pull import ResultFile, pull
from hr_sync.outbox import signature
from hr_sync.outbox.dispatcher import Dispatcher
from hr_sync.outbox.targets import OutboxRules
from hr_sync.records import CallAttempt, CallResult
from hr_sync.store import SqliteStore
from hr_sync.store.api_keys import ApiKeys
from hr_sync.store.outbox import Outbox

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def last_revision(number: int) -> int:
    """How often the result of a call is written in all."""
    return 3 if number % 3 == 0 else 1


def up() -> None:
    """Tell the test that work begins."""
    sys.stdout.write("up\n")
    sys.stdout.flush()


def write(database: Path, calls: int) -> None:
    with SqliteStore(database) as store:
        up()
        for number in range(calls):
            call_id = f"call-{number:04d}"
            call = store.open_attempt(
                CallAttempt(call_id=call_id, candidate_id="zhang-wei", job_id="key-account-sales", started_at=AT, owner="a:1:1")
            )
            fresh = store.finish(
                CallResult(
                    call_id=call_id, attempt=call.attempt, candidate_id="zhang-wei", job_id="key-account-sales",
                    disposition="completed", started_at=AT, ended_at=AT,
                )
            )  # fmt: skip
            if last_revision(number) == 3 and store.stored_result(call_id).revision == 1:
                store.revise_result(call_id, {"interest": "hesitant"}, reason="corrected")
            if last_revision(number) == 3 and store.stored_result(call_id).revision == 2:
                store.revise_result(call_id, {"interest": "interested"}, reason="decided")
            if fresh:
                time.sleep(0.03)


async def serve(database: Path, port: int) -> None:
    with SqliteStore(database) as store:
        rules = ApiRules(port=port, rate_per_s=10_000, burst=10_000)
        async with ApiServer(
            store,
            ApiKeys(store.transactions),
            RecordingFolder(database.parent, lambda: load_keys(database.parent / "data.keys")),
            rules,
        ):
            up()
            await asyncio.Event().wait()


async def dispatch(database: Path, rules: str) -> None:
    with SqliteStore(database) as store:
        async with Dispatcher(Outbox(store.transactions), OutboxRules.model_validate_json(rules)):
            up()
            await asyncio.Event().wait()


async def receive(database: Path, port: int, secret: str) -> None:
    """Takes each revision once: what it takes and the key it knows it by are written in one transaction."""
    kept = sqlite3.connect(database, isolation_level=None)
    kept.execute("PRAGMA journal_mode = WAL")
    kept.execute("CREATE TABLE IF NOT EXISTS taken (key TEXT PRIMARY KEY, call_id TEXT, revision INTEGER, interest TEXT)")
    kept.execute("CREATE TABLE IF NOT EXISTS heard (key TEXT)")

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        if not signature.verify(secret, request.headers, body, time.time()):
            return web.Response(status=401)
        data = json.loads(body)["data"]
        key = request.headers["Idempotency-Key"]
        kept.execute("BEGIN IMMEDIATE")
        kept.execute("INSERT INTO heard VALUES (?)", [key])
        row = [key, data["call_id"], data["revision"], data["result"]["interest"]]
        kept.execute("INSERT INTO taken VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", row)
        kept.execute("COMMIT")
        await asyncio.sleep(0.003)  # taken, and not yet said: the moment in which a kill makes the sender send again
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    up()
    await asyncio.Event().wait()


def revisions(file: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in file.read_text("utf-8").splitlines():
        item = json.loads(line)
        found[item["call_id"]] = max(found.get(item["call_id"], 0), item["revision"])
    return found


async def pull_all(file: Path, url: str, token: str, calls: int) -> None:
    last = {f"call-{number:04d}": last_revision(number) for number in range(calls)}
    with ResultFile(file) as results:
        up()
        while True:
            await pull(url, token, results, limit=7, patience_s=60)
            if revisions(file) == last:
                return
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    _, deed, first, *rest = sys.argv
    if deed == "write":
        write(Path(first), int(rest[0]))
    elif deed == "serve":
        asyncio.run(serve(Path(first), int(rest[0])))
    elif deed == "dispatch":
        asyncio.run(dispatch(Path(first), rest[0]))
    elif deed == "receive":
        asyncio.run(receive(Path(first), int(rest[0]), rest[1]))
    else:
        asyncio.run(pull_all(Path(first), rest[0], rest[1], int(rest[2])))
