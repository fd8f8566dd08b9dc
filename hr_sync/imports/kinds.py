"""What can be imported."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What the rows of a file are."""

    CANDIDATES = "candidates"
    COMPANIES = "companies"
    JOBS = "jobs"
    PAY = "pay"
    FACTS = "facts"
    CONTACTS = "contacts"
    DO_NOT_CALL = "do-not-call"
