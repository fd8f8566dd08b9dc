"""What is wrong with a file, told by row and column."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps a row from being taken."""

    row: int
    """As the reader counts: the line of a text file, the row of a sheet, the position in a JSON list. 0: the file as a whole."""
    column: str | None
    """The header as it stands in the file; None when the row as a whole is meant."""
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"row {self.row}" + (f", column {self.column}" if self.column else "")
        return f"{place}: {self.what} ({self.remedy})"


class CellError(ValueError):
    """A cell that cannot be read; which one is known to the caller.

    Args:
        what: what is wrong, without the value.
        remedy: what to do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
