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
