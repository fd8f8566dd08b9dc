"""How fast results leave: pulled over the API, pushed by the outbox, and what encryption and the audit log cost.

    python -m tests.bench.api [RESULTS]

Prints n, p50, p95 in milliseconds, and results a second. One process serves and asks, so both sides share its cores.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from hr_sync.api.rules import ApiRules
from hr_sync.api.scopes import SCOPES, Role
from hr_sync.api.server import ApiServer
from hr_sync.care.keyring import KeyRing
from hr_sync.care.recordings import RecordingFolder
from hr_sync.outbox.dispatcher import Dispatcher
from hr_sync.outbox.targets import OutboxRules
from hr_sync.records import CallAttempt, CallResult, Turn
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.api_keys import ApiKeys
from hr_sync.store.audit import AuditLog
from hr_sync.store.outbox import Outbox

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
KEYS = KeyRing({"00000001": bytes(32)})
SOUND_BYTES = 32_000 * 300
"""Five minutes in stereo at 8 kHz."""


def line(name: str, seconds: Sequence[float], results: int = 0) -> None:
    ordered = sorted(1000 * each for each in seconds)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    rate = f"  {results / sum(seconds):8.0f} results/s" if results else ""
    sys.stdout.write(f"{name:<44} n {len(ordered):5}  p50 {statistics.median(ordered):8.2f}  p95 {p95:8.2f}{rate}\n")


def fill(store: SqliteStore, results: int) -> None:
    load_sample(store)
    transcript = [
        Turn(who="candidate" if index % 2 else "system", text="我期望的薪资是一万二左右，最快下个月可以到岗。", start_ms=index * 4000,
             end_ms=index * 4000 + 3500, confidence=0.9 if index % 2 else None, question="expected_pay")
        for index in range(40)
    ]  # fmt: skip
    times = []
    for number in range(results):
        opened = store.open_attempt(
            CallAttempt(
                call_id=f"call-{number:06d}", candidate_id="zhang-wei", job_id="key-account-sales", started_at=AT, owner="a:1:1"
            )
        )
        done = CallResult(
            call_id=opened.call_id, attempt=opened.attempt, candidate_id="zhang-wei", job_id="key-account-sales",
            disposition="completed", started_at=AT, answered_at=AT, ended_at=AT, transcript=transcript,
            slots={"expected_pay": {"min": 12000, "max": 12000, "period": "month"}},
        )  # fmt: skip
        began = time.perf_counter()
        store.finish(done)
        times.append(time.perf_counter() - began)
    line("a result written, with its outbox row", times)


async def measure_api(store: SqliteStore, folder: RecordingFolder, results: int) -> None:
    keys = ApiKeys(store.transactions)
    _, token = keys.create("bench", role=Role.ADMIN, scopes=SCOPES[Role.ADMIN], at=AT)
    audit = AuditLog(store.transactions, lambda: KEYS, lambda: datetime.now(UTC))
    rules = ApiRules(port=0, rate_per_s=1e6, burst=1_000_000)
    async with (
        ApiServer(store, keys, folder, rules, audit=audit.note) as server,
        aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {token}"}) as client,
    ):
        for limit in (1, 100, 500):
            times, after = [], 0
            while len(times) < 200:
                began = time.perf_counter()
                async with client.get("/v1/results", params={"after": after, "limit": limit}) as answer:
                    page = await answer.json()
                times.append(time.perf_counter() - began)
                after = page["next"] if page["more"] else 0
                if not page["more"] and limit > 1:
                    break
            line(f"GET /v1/results?limit={limit}", times, results if limit > 1 else len(times))
        for name, headers in (("a recording of 5 minutes, whole", {}), ("8 KiB of it", {"Range": "bytes=5000000-5008191"})):
            times = []
            for _ in range(30):
                began = time.perf_counter()
                async with client.get("/v1/recordings/call-000000", headers=headers) as answer:
                    await answer.read()
                times.append(time.perf_counter() - began)
            line(name, times)
    began = time.perf_counter()
    report = audit.verify()
    line(f"audit log verified, {report.lines} lines", [time.perf_counter() - began])


async def measure_outbox(store: SqliteStore, folder: Path, results: int) -> None:
    outbox = Outbox(store.transactions)
    rules = OutboxRules.model_validate({"destinations": [{"kind": "drop", "name": "files", "folder": str(folder)}]})
    began = time.perf_counter()
    async with Dispatcher(outbox, rules):
        while outbox.status()[0].delivered < results:  # noqa: ASYNC110 - it happens in the database
            await asyncio.sleep(0.02)
    line("the outbox emptied into files", [time.perf_counter() - began], results)


def main() -> None:
    results = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as name, SqliteStore(Path(name) / "hr.db") as store:
        fill(store, results)
        folder = RecordingFolder(Path(name), lambda: KEYS)
        (folder.path / "call-000000.wav").write_bytes(b"RIFF" + bytes(SOUND_BYTES))
        store.revise_result("call-000000", {"recording": "call-000000.wav"}, reason="bench")
        began = time.perf_counter()
        folder.seal("call-000000.wav")
        line("a recording of 5 minutes encrypted", [time.perf_counter() - began])
        asyncio.run(measure_api(store, folder, results))
        asyncio.run(measure_outbox(store, Path(name) / "drop", results))


if __name__ == "__main__":
    main()
