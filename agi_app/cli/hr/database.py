"""Which HR database the commands work on."""

from __future__ import annotations

from agi_app.config import load_settings
from hr_sync.store import SqliteStore


def open_store() -> SqliteStore:
    """The HR database of the settings in force."""
    settings = load_settings()
    settings.state.mkdir(parents=True, exist_ok=True)
    return SqliteStore(settings.database)
