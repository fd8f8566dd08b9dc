"""Assessments and people's decisions, as each migration made them: add, never edit. Conventions: hr_sync/store/schema.py."""

from __future__ import annotations

ASSESSMENTS = """
CREATE TABLE assessments (
    call_id TEXT PRIMARY KEY REFERENCES results (call_id) ON DELETE CASCADE,
    candidate_id TEXT NOT NULL REFERENCES candidates (id),
    job_id TEXT NOT NULL REFERENCES jobs (id),
    method TEXT NOT NULL,
    assessed_at TEXT NOT NULL,
    overall REAL,
    confidence REAL NOT NULL,
    level TEXT,
    offer_min INTEGER NOT NULL,
    offer_max INTEGER NOT NULL,
    recommendation TEXT NOT NULL,
    assessment TEXT NOT NULL CHECK (json_valid(assessment))
) STRICT;
CREATE INDEX assessments_job ON assessments (job_id, overall);
CREATE INDEX assessments_candidate ON assessments (candidate_id);

CREATE TABLE decisions (
    id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL REFERENCES results (call_id) ON DELETE CASCADE,
    decision TEXT NOT NULL CHECK (decision IN ('advance', 'offer', 'hold', 'talent_pool', 'reject')),
    decided_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    recommendation TEXT
) STRICT;
CREATE INDEX decisions_call ON decisions (call_id, at);
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'a decision is never changed; a later one follows it');
END;
"""
