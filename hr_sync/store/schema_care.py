"""Who did what to whose data. Conventions as in `schema`."""

from __future__ import annotations

AUDIT = """
CREATE TABLE audit_log (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL CHECK (json_valid(details)),
    key_id TEXT NOT NULL,
    seal TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_subject ON audit_log (subject);

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'the audit log is only written at its end');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'the audit log is only written at its end');
END;
"""
"""The triggers stop accidents; what goes around them is found by the chain of seals."""

ERASURES = """
CREATE TABLE erasures (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    candidate_id TEXT NOT NULL,
    call_ids TEXT NOT NULL CHECK (json_valid(call_ids)),
    reason TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
"""
