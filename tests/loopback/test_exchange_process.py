"""`hireline api serve` as people run it: settings from the environment, results out by every way, recordings encrypted, a clean end."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from hr_sync.api.scopes import SCOPES, Role
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.api_keys import ApiKeys
from tests.unit.store.store_cases import NOW, attempt, result

COMMAND = [sys.executable, "-c", "from agi_app.cli import main; main()"]
SOUND = b"RIFF" + bytes(range(256)) * 100


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """One finished call with its recording, one under way with the beginning of one."""
    state = tmp_path / "state"
    (state / "recordings").mkdir(parents=True)
    with SqliteStore(state / "hireline.db") as store:
        load_sample(store)
        for number in (1, 2):
            store.open_attempt(attempt(f"call-{number}"))
            (state / "recordings" / f"call-{number}.wav").write_bytes(SOUND)
        store.finish(result(recording=str(state / "recordings" / "call-1.wav"), consent={"recording": True}))
    return state


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def environment(state: Path, port: int) -> dict[str, str]:
    drop = {"kind": "drop", "name": "files", "folder": str(state / "drop")}
    return os.environ | {
        "HIRELINE_PATHS__STATE": str(state),
        "HIRELINE_API__PORT": str(port),
        "HIRELINE_OUTBOX": json.dumps({"destinations": [drop], "poll_s": 0.1}),
        "HIRELINE_CARE__SEAL_EVERY_S": "0.1",
    }


@pytest.fixture
def server(environment: dict[str, str]) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        [*COMMAND, "api", "serve"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    yield process
    process.kill()
    process.communicate()


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.05)


async def test_serving(state: Path, port: int, environment: dict[str, str], server: "subprocess.Popen[str]") -> None:
    recordings = state / "recordings"
    line = await asyncio.to_thread(server.stdout.readline)
    assert f"http://127.0.0.1:{port}, 1 destinations" in line
    await until(lambda: (state / "drop" / "results-000000000001.jsonl").exists() and not (recordings / "call-1.wav").exists())
    assert sorted(path.name for path in recordings.iterdir()) == ["call-1.wav.sealed", "call-2.wav"], (
        "a call under way is left alone"
    )

    with SqliteStore(state / "hireline.db") as store:
        _, token = ApiKeys(store.transactions).create("test", role=Role.ADMIN, scopes=SCOPES[Role.ADMIN], at=NOW)
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}) as client,
            client.get("/v1/recordings/call-1", headers={"Range": "bytes=100-"}) as answer,
        ):
            assert await answer.read() == SOUND[100:]
        store.finish(result("call-2", attempt=2))
        await until((state / "drop" / "results-000000000002.jsonl").exists)

    pull = [*COMMAND, "hr", "pull", "--url", f"http://127.0.0.1:{port}", "--to", str(state / "pulled.jsonl")]
    pulled = await asyncio.to_thread(subprocess.run, pull, env=environment | {"HIRELINE_API_KEY": token}, timeout=60, check=True)
    assert pulled.returncode == 0
    assert [json.loads(line)["call_id"] for line in (state / "pulled.jsonl").read_text("utf-8").splitlines()] == [
        "call-1",
        "call-2",
    ]

    server.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(server.wait, 20) == 0
    log = (state / "log" / "hireline.log").read_text("utf-8")
    assert "张伟" not in log
    assert token not in log
    with SqliteStore(state / "hireline.db") as store, store.transactions.read() as db:
        actions = [action for (action,) in db.execute("SELECT action FROM audit_log ORDER BY number")]
    assert actions == ["recording.read", "results.read"]
