"""Results on their way out: their revisions, in one order with their arrival. Conventions as in `schema`."""

from __future__ import annotations

RESULT_EVENTS = """
CREATE TABLE result_events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 1),
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (call_id, revision)
) STRICT;

INSERT INTO result_events (cursor, call_id, revision, reason, at)
SELECT r.cursor, r.call_id, 1, 'finished', k.result_at FROM results r JOIN calls k ON k.call_id = r.call_id ORDER BY r.cursor;

DELETE FROM sqlite_sequence WHERE name = 'result_events';
INSERT INTO sqlite_sequence (name, seq) SELECT 'result_events', seq FROM sqlite_sequence WHERE name = 'results';

ALTER TABLE results ADD COLUMN revision INTEGER NOT NULL DEFAULT 1 CHECK (revision >= 1);
ALTER TABLE results ADD COLUMN original TEXT CHECK (original IS NULL OR json_valid(original));
"""
"""Cursors that were given before, also to results deleted since, are never given again: the sequence goes on from theirs."""

API_KEYS = """
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    secret_sha256 TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    last_used_at TEXT,
    revoked_at TEXT
) STRICT;
"""

OUTBOX = """
CREATE TABLE destinations (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    added_at TEXT NOT NULL
) STRICT;

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL REFERENCES destinations (name),
    call_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    cursor INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'superseded', 'dead')),
    batch INTEGER,
    attempts INTEGER NOT NULL,
    next_at TEXT NOT NULL,
    leased_until TEXT,
    last_error TEXT,
    settled_at TEXT,
    UNIQUE (destination, call_id, revision)
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (destination, next_at) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON deliveries (destination) WHERE state = 'dead';
CREATE INDEX deliveries_call ON deliveries (call_id);
"""

LEASE_HOLDERS = """
ALTER TABLE deliveries ADD COLUMN leased_by TEXT;
"""
