"""A REST API that runs beside the tests, in a thread with a loop of its own, on sample data."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hr_sync.api.rules import ApiRules
from hr_sync.api.scopes import SCOPES, Role, Scope
from hr_sync.api.server import ApiServer
from hr_sync.care.keyring import load_keys
from hr_sync.care.recordings import RecordingFolder
from hr_sync.errors import HirelineError
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.api_keys import ApiKeys

FAST = ApiRules(rate_per_s=100_000, burst=100_000)


@dataclass
class Stage:
    """What a test talks to."""

    folder: Path
    store: SqliteStore
    keys: ApiKeys
    url: str = ""
    noted: list[tuple[str, str, str]] = field(default_factory=list)
    """What the server wrote down for the audit log."""

    def token(self, role: Role = Role.ADMIN, *scopes: Scope) -> str:
        """A new key's token."""
        return self.keys.create("test", role=role, scopes=scopes or SCOPES[role], at=datetime.now(UTC))[1]

    def headers(self, role: Role = Role.ADMIN, *scopes: Scope) -> dict[str, str]:
        """Headers with a new key."""
        return {"Authorization": f"Bearer {self.token(role, *scopes)}"}

    @property
    def recordings(self) -> Path:
        """Where recordings lie."""
        return self.folder / "recordings"


@contextmanager
def api_stage(folder: Path, rules: ApiRules = FAST, *, port: int = 0, sample: bool = True) -> Iterator[Stage]:
    """Run the API over a database in this folder."""
    with SqliteStore(folder / "hr.db") as store:
        if sample:
            load_sample(store)
        stage = Stage(folder, store, ApiKeys(store.transactions))
        stage.recordings.mkdir(exist_ok=True)
        server = ApiServer(
            store,
            stage.keys,
            RecordingFolder(stage.recordings, lambda: load_keys(folder / "data.keys")),
            rules.model_copy(update={"port": port}),
            audit=lambda *line: stage.noted.append(line),
        )
        with _running(server):
            stage.url = server.url
            yield stage


@contextmanager
def _running(server: ApiServer) -> Iterator[None]:
    started = threading.Event()
    stopping: list[Callable[[], object]] = []
    failed: list[BaseException] = []

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stopping.append(lambda: loop.call_soon_threadsafe(stop.set))
        try:
            async with server:
                started.set()
                await stop.wait()
        except HirelineError as error:
            failed.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert started.wait(10)
    if failed:
        raise failed[0]
    try:
        yield
    finally:
        stopping[0]()
        thread.join(10)
