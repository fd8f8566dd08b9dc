"""What a check has to say: where, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong with a dialplan."""

    file: str
    line: int
    """From 1; 0 when it is about the whole file."""
    code: str
    """For programs, e.g. missing_context."""
    what: str
    severity: Literal["error", "warning"] = "error"
    """An error stops a reload; a warning is worth a look."""
