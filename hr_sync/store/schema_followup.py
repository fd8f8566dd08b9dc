"""What happens after a call, as each migration made it: add, never edit. Conventions: hr_sync/store/schema.py."""

from __future__ import annotations

FOLLOW_UPS = """
CREATE TABLE follow_ups (
    call_id TEXT PRIMARY KEY REFERENCES results (call_id) ON DELETE CASCADE,
    planned_at TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;

CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL REFERENCES results (call_id) ON DELETE CASCADE,
    candidate_id TEXT NOT NULL REFERENCES candidates (id) ON DELETE CASCADE,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    at TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    place TEXT NOT NULL,
    directions TEXT,
    bring TEXT NOT NULL CHECK (json_valid(bring)),
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'proposed', 'cancelled')),
    proposed TEXT NOT NULL CHECK (json_valid(proposed)),
    note TEXT NOT NULL,
    created_at TEXT NOT NULL,
    answered_at TEXT,
    sequence INTEGER NOT NULL
) STRICT;
CREATE INDEX invitations_call ON invitations (call_id);
CREATE INDEX invitations_candidate ON invitations (candidate_id);
CREATE INDEX invitations_job ON invitations (job_id, at);

CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    candidate_id TEXT NOT NULL REFERENCES candidates (id) ON DELETE CASCADE,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    call_id TEXT REFERENCES results (call_id) ON DELETE CASCADE,
    invitation_id TEXT REFERENCES invitations (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('mail', 'sms')),
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    "text" TEXT NOT NULL,
    html TEXT,
    calendar TEXT,
    due_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'dropped')),
    attempts INTEGER NOT NULL,
    sent_at TEXT,
    error TEXT,
    owner TEXT
) STRICT;
CREATE INDEX messages_due ON messages (due_at) WHERE state = 'waiting';
CREATE INDEX messages_sending ON messages (owner) WHERE state = 'sending';
CREATE INDEX messages_candidate ON messages (candidate_id);
CREATE INDEX messages_call ON messages (call_id);
CREATE INDEX messages_invitation ON messages (invitation_id);
CREATE INDEX messages_job ON messages (job_id, kind);

CREATE TABLE message_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX message_events_message ON message_events (message_id, event);

CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    candidate_id TEXT NOT NULL REFERENCES candidates (id) ON DELETE CASCADE,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    call_id TEXT REFERENCES results (call_id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    due_at TEXT NOT NULL,
    done_at TEXT,
    done_by TEXT
) STRICT;
CREATE INDEX tasks_open ON tasks (due_at) WHERE done_at IS NULL;
CREATE INDEX tasks_candidate ON tasks (candidate_id);
CREATE INDEX tasks_job ON tasks (job_id);
CREATE INDEX tasks_call ON tasks (call_id);

CREATE TABLE talent_pool (
    candidate_id TEXT NOT NULL REFERENCES candidates (id) ON DELETE CASCADE,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    since TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (candidate_id, job_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX talent_pool_job ON talent_pool (job_id);

CREATE VIEW follow_up_overview AS
SELECT m.id, c.name AS candidate, j.title AS job, m.kind, m.channel, m.state, m.due_at, m.sent_at, m.attempts, m.error,
       (SELECT count(*) FROM message_events e WHERE e.message_id = m.id AND e.event = 'opened') AS opened,
       (SELECT count(*) FROM message_events e WHERE e.message_id = m.id AND e.event = 'clicked') AS clicked,
       i.state AS reply, i.at AS interview_at, m.call_id, m.candidate_id, m.job_id
FROM messages m
JOIN candidates c ON c.id = m.candidate_id
JOIN jobs j ON j.id = m.job_id
LEFT JOIN invitations i ON i.id = m.invitation_id;
"""
