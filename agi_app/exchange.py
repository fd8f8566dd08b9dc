"""What other systems use: the REST API and the outbox's dispatcher, wired from the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from agi_app.config import Settings
from hr_sync.api.server import ApiServer
from hr_sync.care.recordings import RecordingFolder
from hr_sync.outbox.dispatcher import Dispatcher
from hr_sync.store import SqliteStore
from hr_sync.store.api_keys import ApiKeys
from hr_sync.store.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Exchange:
    """What runs."""

    api: ApiServer | None
    dispatcher: Dispatcher

    @property
    def summary(self) -> str:
        """One line for people."""
        api = f"REST API at {self.api.url}" if self.api else "no REST API"
        return f"{api}, {self.dispatcher.destinations} destinations for results"


@asynccontextmanager
async def exchange(settings: Settings, store: SqliteStore, *, api: bool = True) -> AsyncIterator[Exchange]:
    """Run the REST API, unless it is switched off, and push results to their destinations.

    Raises:
        ServiceError: a port is taken, a certificate or secret cannot be used, a driver is missing.
    """
    async with AsyncExitStack() as stack:
        server = None
        if api and settings.api.enabled:
            recordings = RecordingFolder(settings.state / "recordings")
            server = ApiServer(store, ApiKeys(store.transactions), recordings, settings.api)
            await stack.enter_async_context(server)
        dispatcher = await stack.enter_async_context(Dispatcher(Outbox(store.transactions), settings.outbox))
        yield Exchange(server, dispatcher)
