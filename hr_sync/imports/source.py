"""A file as rows of cells, whatever it is written in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hr_sync.errors import InvalidDataError
from hr_sync.imports.problems import Problem

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done, and of how much (0: not known)."""

LARGEST_FILE = 512 * 1024 * 1024
"""Bytes."""
LARGEST_CELL = 100_000
"""Characters; whatever is longer is a mistake in the file."""


@dataclass(slots=True)
class SourceRow:
    """One record as the file has it: cells by header, empty ones left out."""

    number: int
    cells: dict[str, Any]


@dataclass(slots=True)
class Source:
    """A file that was read.

    Args:
        name: the file's name without its folder.
        sha256: of its bytes.
        form: how it is written, for the report: `csv, gb18030`.
        headers: in order, as they stand in the file.
        rows: those that could be read.
        problems: those that could not.
    """

    name: str
    sha256: str
    form: str
    headers: list[str]
    rows: list[SourceRow]
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How to read a file; what is None is found out."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = 1
    """Row of the sheet, or line, that holds the headers."""


def read_source(path: Path, options: SourceOptions, progress: Progress) -> Source:
    """Read a CSV, TSV, XLSX, JSON or JSONL file.

    Raises:
        InvalidDataError: the file as a whole cannot be read; bad rows become `problems`.
    """
    # The three readers know this module.
    from hr_sync.imports.csv_source import read_csv
    from hr_sync.imports.json_source import read_json
    from hr_sync.imports.xlsx_source import read_xlsx

    readers = {".csv": read_csv, ".tsv": read_csv, ".txt": read_csv, ".json": read_json, ".jsonl": read_json, ".ndjson": read_json}
    suffix = path.suffix.lower()
    data = _bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    if data[:4] == b"PK\x03\x04" or suffix in {".xlsx", ".xlsm"}:
        return read_xlsx(data, path.name, digest, options, progress)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise InvalidDataError(
            "this is an old or an encrypted Excel file",
            where=path.name,
            remedy="save it as .xlsx without a password, or as CSV UTF-8",
        )
    if suffix not in readers:
        raise InvalidDataError(f"files of type {suffix or 'none'} are not read", where=path.name, remedy="CSV, XLSX, JSON or JSONL")
    source = readers[suffix](data, path.name, digest, options, progress)
    if not source.rows and not source.problems:
        raise InvalidDataError("the file holds no rows", where=path.name, remedy="put the records below the headers")
    return source


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise InvalidDataError(
                f"the file is larger than {LARGEST_FILE // 2**20} MB", where=path.name, remedy="split it and import the parts"
            )
        data = path.read_bytes()
    except OSError as error:
        raise InvalidDataError(f"the file cannot be read: {error.strerror}", where=str(path), remedy="correct the path") from error
    if not data.strip():
        raise InvalidDataError("the file is empty", where=path.name, remedy="save it again")
    return data


def checked_headers(headers: list[str], name: str) -> list[str]:
    """Headers without surrounding space; raises InvalidDataError when one occurs twice or there are none."""
    found = [header.strip() for header in headers]
    while found and not found[-1]:
        found.pop()
    if not any(found):
        raise InvalidDataError("there are no headers", where=name, remedy="name the row they stand in with --header-row")
    seen: set[str] = set()
    for header in filter(None, found):
        if header in seen:
            raise InvalidDataError(f"the header {header} occurs twice", where=name, remedy="rename one of them")
        seen.add(header)
    return found


def row_of(number: int, headers: list[str], cells: list[Any], problems: list[Problem]) -> SourceRow | None:
    """A row, None when it is empty or cannot be taken (then told in `problems`)."""
    while cells and cells[-1] in (None, ""):
        cells.pop()
    if not cells:
        return None
    if len(cells) > len(headers):
        problems.append(
            Problem(
                number, None, f"{len(cells)} cells under {len(headers)} headers", "look for a stray delimiter or a missing quote"
            )
        )
        return None
    for header, cell in zip(headers, cells, strict=False):
        if isinstance(cell, str) and len(cell) > LARGEST_CELL:
            problems.append(
                Problem(
                    number,
                    header,
                    f"the cell holds {len(cell):,} characters",
                    f"at most {LARGEST_CELL:,}; look for a missing quote",
                )
            )
            return None
    found = {header: cell for header, cell in zip(headers, cells, strict=False) if header and cell is not None and cell != ""}
    return SourceRow(number, found) if found else None
