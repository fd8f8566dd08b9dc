"""Tables of campaigns, as each migration made them: add, never edit. Conventions: hr_sync/store/schema.py."""

from __future__ import annotations

EXECUTORS = """
CREATE TABLE executors (
    name TEXT PRIMARY KEY,
    signed_at TEXT NOT NULL
) STRICT;
"""

CAMPAIGNS = """
CREATE TABLE campaigns (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    retry TEXT NOT NULL CHECK (json_valid(retry)),
    priority INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT
) STRICT;

CREATE TABLE journeys (
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    candidate_id TEXT NOT NULL REFERENCES candidates (id),
    place INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at TEXT,
    disposition TEXT,
    outcome TEXT,
    detail TEXT,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (campaign_id, candidate_id)
) STRICT;
CREATE INDEX journeys_state ON journeys (campaign_id, state, place);
CREATE INDEX journeys_candidate ON journeys (candidate_id);

CREATE TABLE campaign_calls (
    call_id TEXT PRIMARY KEY REFERENCES calls (call_id),
    campaign_id TEXT NOT NULL,
    candidate_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    trunk TEXT NOT NULL,
    caller_id TEXT,
    due_at TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    UNIQUE (campaign_id, candidate_id, number),
    FOREIGN KEY (campaign_id, candidate_id) REFERENCES journeys (campaign_id, candidate_id)
) STRICT;

CREATE TABLE campaign_events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    campaign_id TEXT NOT NULL,
    candidate_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    call_id TEXT,
    at TEXT NOT NULL,
    detail TEXT NOT NULL CHECK (json_valid(detail)),
    FOREIGN KEY (campaign_id, candidate_id) REFERENCES journeys (campaign_id, candidate_id)
) STRICT;
CREATE UNIQUE INDEX campaign_events_once ON campaign_events (campaign_id, candidate_id, kind, ifnull(call_id, ''));
"""
