"""Which processes work on the durable database (hr_sync.durable), and when each of them last said so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hr_sync.store.connection import Connections
from hr_sync.store.rows import utc


class Executors:
    """The roster in the HR database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def sign(self, executor: str, at: datetime) -> None:
        """This executor lives."""
        with self._connections.write() as db:
            db.execute(
                "INSERT INTO executors (name, signed_at) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET signed_at = excluded.signed_at",
                [executor, utc(at)],
            )

    def signed(self) -> Mapping[str, datetime]:
        """When each executor signed last."""
        with self._connections.read() as db:
            return {name: datetime.fromisoformat(at) for name, at in db.execute("SELECT name, signed_at FROM executors")}

    def strike(self, executor: str) -> None:
        """Take an executor off the roster."""
        with self._connections.write() as db:
            db.execute("DELETE FROM executors WHERE name = ?", [executor])
