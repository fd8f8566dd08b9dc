"""Where something stands in a grammar file, and the error that says so."""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.errors import PackError


@dataclass(frozen=True, slots=True)
class Place:
    """File, line and column, both from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def refuse(what: str, place: Place, remedy: str) -> PackError:
    """The PackError for something wrong at `place`."""
    return PackError(what, where=str(place), remedy=remedy)
