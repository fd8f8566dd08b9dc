"""What a caller may do, and the roles people and systems are given."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One thing a key allows."""

    RESULTS_READ = "results:read"
    CANDIDATES_READ = "candidates:read"
    CANDIDATES_WRITE = "candidates:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    CALLS_READ = "calls:read"
    RECORDINGS_READ = "recordings:read"
    DO_NOT_CALL_WRITE = "do-not-call:write"
    AUDIT_READ = "audit:read"


class Role(StrEnum):
    """Who a key is for."""

    INTEGRATION = "integration"
    """An HR system: takes results, keeps candidates and jobs up to date; hears no recordings."""
    RECRUITER = "recruiter"
    """A person who works with candidates and their results."""
    LEAD = "lead"
    """Leads recruiters: also changes jobs and pay."""
    ADMIN = "admin"
    """Everything, the audit log included."""


SCOPES: dict[Role, frozenset[Scope]] = {
    Role.INTEGRATION: frozenset(Scope) - {Scope.RECORDINGS_READ, Scope.AUDIT_READ},
    Role.RECRUITER: frozenset(Scope) - {Scope.JOBS_WRITE, Scope.AUDIT_READ},
    Role.LEAD: frozenset(Scope) - {Scope.AUDIT_READ},
    Role.ADMIN: frozenset(Scope),
}
"""What each role allows; a single key may be given less."""
