"""What other systems use and what cares for the data, wired from the settings: REST API, outbox, encryption, retention."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from agi_app.config import Settings
from hr_sync.api.server import ApiServer
from hr_sync.care.keyring import load_keys
from hr_sync.care.recordings import RecordingFolder
from hr_sync.care.retention import Retention
from hr_sync.care.sealer import Sealer
from hr_sync.outbox.dispatcher import Dispatcher
from hr_sync.store import SqliteStore
from hr_sync.store.api_keys import ApiKeys
from hr_sync.store.audit import AuditLog
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


def recording_folder(settings: Settings) -> RecordingFolder:
    """Where recordings lie, with the keys that open them."""
    return RecordingFolder(settings.state / "recordings", lambda: load_keys(settings.key_file))


def audit_log(settings: Settings, store: SqliteStore) -> AuditLog:
    """The audit log."""
    return AuditLog(store.transactions, lambda: load_keys(settings.key_file), lambda: datetime.now(UTC))


@asynccontextmanager
async def exchange(settings: Settings, store: SqliteStore, *, api: bool = True) -> AsyncIterator[Exchange]:
    """Run the REST API, unless it is switched off, push results to their destinations, encrypt the recordings of ended calls,
    and delete what is over.

    Raises:
        ServiceError: a port is taken, a certificate or secret cannot be used, a driver is missing.
        SecrecyError: the keys of data at rest cannot be used.
    """
    folder = recording_folder(settings)
    async with AsyncExitStack() as stack:
        if settings.care.encrypt_recordings:
            await stack.enter_async_context(Sealer(store, folder, settings.care.seal_every_s))
        audit = audit_log(settings, store)
        retention = Retention(store, folder, audit, settings.care, lambda: datetime.now(UTC))
        await stack.enter_async_context(retention)
        server = None
        if api and settings.api.enabled:
            server = ApiServer(store, ApiKeys(store.transactions), folder, settings.api, audit=audit.note)
            await stack.enter_async_context(server)
        dispatcher = await stack.enter_async_context(Dispatcher(Outbox(store.transactions), settings.outbox))
        yield Exchange(server, dispatcher)
