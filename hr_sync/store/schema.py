"""The tables, as each migration made them. What stands here has run on people's machines: add, never edit.

Conventions: STRICT tables; ids are text; times are UTC in ISO 8601 with microseconds and Z, so that they sort as text; money is
whole yuan a month; truth is 0 or 1; columns that hold JSON say so in a CHECK. The meaning of each column: docs/hr-data.md.
"""

from __future__ import annotations

PEOPLE = """
CREATE TABLE candidates (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    honorific TEXT,
    phone TEXT NOT NULL,
    email TEXT,
    city TEXT,
    time_zone TEXT NOT NULL,
    language TEXT NOT NULL,
    status TEXT,
    degree TEXT,
    major TEXT,
    school TEXT,
    graduated TEXT,
    years_experience REAL,
    last_pay INTEGER,
    employments TEXT NOT NULL CHECK (json_valid(employments)),
    skills TEXT NOT NULL CHECK (json_valid(skills)),
    certificates TEXT NOT NULL CHECK (json_valid(certificates)),
    tags TEXT NOT NULL CHECK (json_valid(tags)),
    source TEXT,
    notes TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX candidates_phone ON candidates (phone);
CREATE INDEX candidates_degree ON candidates (degree);
CREATE INDEX candidates_status ON candidates (status);
CREATE INDEX candidates_city ON candidates (city);
"""

JOBS = """
CREATE TABLE companies (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    short_name TEXT NOT NULL,
    city TEXT NOT NULL,
    address TEXT NOT NULL,
    industry TEXT NOT NULL,
    introduction TEXT NOT NULL,
    founded INTEGER,
    headcount INTEGER,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE pay_structures (
    id TEXT PRIMARY KEY,
    base_min INTEGER NOT NULL,
    base_max INTEGER NOT NULL,
    performance INTEGER NOT NULL,
    performance_cycle TEXT NOT NULL,
    bonus_months_min REAL NOT NULL,
    bonus_months_max REAL NOT NULL,
    range_min INTEGER NOT NULL,
    range_max INTEGER NOT NULL,
    salary_months REAL NOT NULL,
    pay_day INTEGER,
    allowances TEXT NOT NULL CHECK (json_valid(allowances)),
    levels TEXT NOT NULL CHECK (json_valid(levels)),
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    company_id TEXT NOT NULL REFERENCES companies (id),
    pay_id TEXT NOT NULL REFERENCES pay_structures (id),
    sector TEXT NOT NULL,
    department TEXT,
    headcount INTEGER NOT NULL,
    urgent INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    script TEXT NOT NULL,
    pitch TEXT NOT NULL,
    competencies TEXT NOT NULL CHECK (json_valid(competencies)),
    requirements TEXT NOT NULL CHECK (json_valid(requirements)),
    notice TEXT CHECK (notice IS NULL OR json_valid(notice)),
    recruiter_name TEXT NOT NULL,
    recruiter_email TEXT NOT NULL,
    recruiter_extension TEXT,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_company ON jobs (company_id);
CREATE INDEX jobs_pay ON jobs (pay_id);
CREATE INDEX jobs_open ON jobs (open, sector);

CREATE TABLE job_facts (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    topic TEXT NOT NULL,
    facts TEXT NOT NULL CHECK (json_valid(facts)),
    PRIMARY KEY (job_id, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    id TEXT PRIMARY KEY,
    candidate_id TEXT NOT NULL REFERENCES candidates (id),
    job_id TEXT REFERENCES jobs (id),
    at TEXT NOT NULL,
    channel TEXT NOT NULL,
    outcome TEXT NOT NULL,
    note TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX contacts_candidate ON contacts (candidate_id, at);
CREATE INDEX contacts_job ON contacts (job_id);
"""

CALLS = """
CREATE TABLE calls (
    call_id TEXT PRIMARY KEY,
    candidate_id TEXT NOT NULL REFERENCES candidates (id),
    job_id TEXT NOT NULL REFERENCES jobs (id),
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    state TEXT NOT NULL CHECK (state IN ('planned', 'dialling', 'ringing', 'talking', 'ended')),
    owner TEXT NOT NULL,
    started_at TEXT NOT NULL,
    dialled_at TEXT,
    ringing_at TEXT,
    answered_at TEXT,
    ended_at TEXT,
    result_at TEXT,
    UNIQUE (candidate_id, job_id, attempt)
) STRICT;
CREATE INDEX calls_job ON calls (job_id);
CREATE INDEX calls_started ON calls (started_at);
CREATE INDEX calls_unfinished ON calls (started_at) WHERE result_at IS NULL;

CREATE TABLE turns (
    call_id TEXT NOT NULL REFERENCES calls (call_id) ON DELETE CASCADE,
    turn INTEGER NOT NULL CHECK (turn >= 0),
    who TEXT NOT NULL CHECK (who IN ('candidate', 'system')),
    text TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    confidence REAL,
    interrupted INTEGER NOT NULL CHECK (interrupted IN (0, 1)),
    question TEXT,
    PRIMARY KEY (call_id, turn)
) STRICT;

CREATE TABLE learned (
    call_id TEXT NOT NULL REFERENCES calls (call_id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL CHECK (json_valid(value)),
    text TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (call_id, kind, key)
) STRICT;
"""

RESULTS = """
CREATE TABLE results (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id TEXT NOT NULL UNIQUE REFERENCES calls (call_id),
    candidate_id TEXT NOT NULL REFERENCES candidates (id),
    job_id TEXT NOT NULL REFERENCES jobs (id),
    attempt INTEGER NOT NULL,
    disposition TEXT NOT NULL,
    interest TEXT NOT NULL,
    sip_code INTEGER,
    hangup_cause INTEGER,
    evidence TEXT,
    started_at TEXT NOT NULL,
    answered_at TEXT,
    ended_at TEXT NOT NULL,
    talk_s REAL,
    expected_pay_min INTEGER,
    expected_pay_max INTEGER,
    expected_pay_period TEXT,
    start_date TEXT,
    pay_fit_score INTEGER,
    recording TEXT,
    recording_consent INTEGER NOT NULL CHECK (recording_consent IN (0, 1)),
    result TEXT NOT NULL CHECK (json_valid(result))
) STRICT;
CREATE INDEX results_candidate ON results (candidate_id, ended_at);
CREATE INDEX results_job ON results (job_id, disposition);
CREATE INDEX results_disposition ON results (disposition);
CREATE INDEX results_ended ON results (ended_at);

CREATE TABLE do_not_call (
    number TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    call_id TEXT,
    note TEXT NOT NULL
) STRICT;
"""

VIEWS = """
CREATE VIEW result_overview AS
SELECT r.cursor, r.call_id, r.ended_at, c.name AS candidate, c.phone, j.title AS job, r.attempt, r.disposition, r.interest,
       r.expected_pay_min, r.expected_pay_max, r.expected_pay_period, p.range_min AS pay_min, p.range_max AS pay_max,
       r.pay_fit_score, r.start_date, r.talk_s, r.recording, r.candidate_id, r.job_id
FROM results r
JOIN candidates c ON c.id = r.candidate_id
JOIN jobs j ON j.id = r.job_id
JOIN pay_structures p ON p.id = j.pay_id;

CREATE VIEW call_overview AS
SELECT k.call_id, k.started_at, c.name AS candidate, c.phone, j.title AS job, k.attempt, k.state, r.disposition, r.interest,
       (SELECT count(*) FROM turns t WHERE t.call_id = k.call_id) AS turns, k.owner, k.candidate_id, k.job_id
FROM calls k
JOIN candidates c ON c.id = k.candidate_id
JOIN jobs j ON j.id = k.job_id
LEFT JOIN results r ON r.call_id = k.call_id;

CREATE VIEW answers AS
SELECT r.call_id, r.candidate_id, r.job_id, r.ended_at, slot.key AS slot, slot.value AS answer
FROM results r, json_each(r.result, '$.slots') slot;

CREATE VIEW doubts AS
SELECT r.call_id, r.candidate_id, r.job_id, r.ended_at, json_extract(doubt.value, '$.intent') AS intent,
       json_extract(doubt.value, '$.text') AS text, json_extract(doubt.value, '$.answered') AS answered
FROM results r, json_each(r.result, '$.doubts') doubt;

CREATE VIEW contact_history AS
SELECT id, candidate_id, job_id, at, channel, outcome, note FROM contacts
UNION ALL
SELECT call_id, candidate_id, job_id, ended_at, 'phone', disposition, interest FROM results;
"""
