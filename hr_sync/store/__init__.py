"""The HR database: the contract in `base`, SQLite in `sqlite`."""

from hr_sync.store.base import PutCounts, Store, StoredResult
from hr_sync.store.sqlite import SqliteStore

__all__ = ["PutCounts", "SqliteStore", "Store", "StoredResult"]
