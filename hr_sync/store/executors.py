"""Which processes work on the durable database (hr_sync.durable), and when each of them last said so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from hr_sync.store.connection import Connections
from hr_sync.store.rows import utc

LEASE = timedelta(seconds=60)
"""An executor on another machine that has not signed for so long is taken for dead; one on this machine is looked for."""


class Executors:
    """The roster in the HR database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def sign(self, application: str, executor: str, at: datetime) -> None:
        """This executor lives."""
        with self._connections.write() as db:
            db.execute(
                "INSERT INTO executors (name, signed_at) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET signed_at = excluded.signed_at",
                [_key(application, executor), utc(at)],
            )

    def signed(self, application: str) -> Mapping[str, datetime]:
        """When each executor of an application signed last."""
        prefix = _key(application, "")
        with self._connections.read() as db:
            rows = db.execute("SELECT name, signed_at FROM executors WHERE substr(name, 1, ?) = ?", [len(prefix), prefix])
            return {name.removeprefix(prefix): datetime.fromisoformat(at) for name, at in rows}

    def strike(self, application: str, executor: str) -> None:
        """Take an executor off the roster."""
        with self._connections.write() as db:
            db.execute("DELETE FROM executors WHERE name = ?", [_key(application, executor)])


def _key(application: str, executor: str) -> str:
    return f"{application}/{executor}"
