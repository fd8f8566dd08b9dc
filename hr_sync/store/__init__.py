"""The HR database: the contract in `base`, SQLite in `sqlite`."""

from pathlib import Path

from hr_sync.store.base import PutCounts, Store, StoredResult
from hr_sync.store.sqlite import SqliteStore

__all__ = ["PutCounts", "SqliteStore", "Store", "StoredResult", "open_store"]


def open_store(path: Path, *, busy_limit_s: float = 5.0) -> Store:
    """Open the HR database, making or upgrading it where needed; close it, or use it as a context manager.

    Args:
        path: the SQLite file.
        busy_limit_s: how long an operation waits for another writer before it raises StoreBusyError.

    Raises:
        StoreError: it cannot be opened; see SqliteStore.
    """
    return SqliteStore(path, busy_limit_s=busy_limit_s)
