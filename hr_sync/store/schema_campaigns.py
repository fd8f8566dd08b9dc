"""Tables of campaigns, as each migration made them: add, never edit. Conventions: hr_sync/store/schema.py."""

from __future__ import annotations

EXECUTORS = """
CREATE TABLE executors (
    name TEXT PRIMARY KEY,
    signed_at TEXT NOT NULL
) STRICT;
"""
