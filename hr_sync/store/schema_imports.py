"""Tables of data in and of screening, as each migration made them; the conventions are those of `schema`."""

from __future__ import annotations

WISHES = """
ALTER TABLE candidates ADD COLUMN wishes TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(wishes));
"""

BIRTH_DATES = """
CREATE TABLE birth_dates (
    candidate_id TEXT PRIMARY KEY REFERENCES candidates (id) ON DELETE CASCADE,
    birth_date TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
"""
"""Apart from `candidates` on purpose: only a screening for a job that carries an age rule joins it."""

IMPORTS = """
CREATE TABLE imports (
    id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    new INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    same INTEGER NOT NULL,
    checks TEXT NOT NULL CHECK (json_valid(checks))
) STRICT;
"""

RESUMES = """
CREATE TABLE resumes (
    id TEXT PRIMARY KEY,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    read_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'confirmed', 'rejected')),
    proposal TEXT NOT NULL CHECK (json_valid(proposal)),
    candidate_id TEXT REFERENCES candidates (id) ON DELETE SET NULL,
    decided_by TEXT,
    decided_at TEXT
) STRICT;
CREATE INDEX resumes_state ON resumes (state, id);
CREATE INDEX resumes_candidate ON resumes (candidate_id);
"""

SCREENINGS = """
CREATE TABLE screenings (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    at TEXT NOT NULL,
    as_of TEXT NOT NULL,
    sector TEXT NOT NULL,
    requirements TEXT NOT NULL CHECK (json_valid(requirements)),
    considered INTEGER NOT NULL,
    matched INTEGER NOT NULL,
    unclear INTEGER NOT NULL,
    not_matched INTEGER NOT NULL
) STRICT;
CREATE INDEX screenings_job ON screenings (job_id, at);

CREATE TABLE screening_reasons (
    screening INTEGER NOT NULL REFERENCES screenings (number) ON DELETE CASCADE,
    reason INTEGER NOT NULL,
    rule TEXT NOT NULL,
    met INTEGER CHECK (met IN (0, 1)),
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    PRIMARY KEY (screening, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE screening_candidates (
    screening INTEGER NOT NULL REFERENCES screenings (number) ON DELETE CASCADE,
    outcome TEXT NOT NULL CHECK (outcome IN ('matched', 'unclear', 'not_matched')),
    place INTEGER NOT NULL,
    candidate_id TEXT NOT NULL REFERENCES candidates (id) ON DELETE CASCADE,
    score REAL,
    reasons TEXT NOT NULL CHECK (json_valid(reasons)),
    PRIMARY KEY (screening, outcome, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX screening_candidates_candidate ON screening_candidates (candidate_id);

CREATE VIEW screening_overview AS
SELECT s.id AS screening_id, s.job_id, k.place, k.candidate_id, k.outcome, k.score,
       (SELECT group_concat(r.zh, '；') FROM json_each(k.reasons) AS used
        JOIN screening_reasons AS r ON r.screening = k.screening AND r.reason = used.value) AS reasons
FROM screening_candidates AS k
JOIN screenings AS s ON s.number = k.screening;
"""
"""A reason is written once for all candidates it is true of; `screening_candidates.reasons` lists numbers."""
