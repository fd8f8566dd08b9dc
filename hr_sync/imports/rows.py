"""Cells of a row, read into the fields they fill; and fields into records, with what pydantic says told by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from hr_sync.imports.columns import COLUMNS, Column
from hr_sync.imports.kinds import Kind
from hr_sync.imports.mapping import Assignment
from hr_sync.imports.mapping import Mapping as MappingFile
from hr_sync.imports.problems import CellError, Problem
from hr_sync.imports.source import Progress, Source
from hr_sync.protected import without_protected
from hr_sync.records import Record

R = TypeVar("R", bound=Record)

_STEP = 1000
_SHORT = 24
_KNOWN = 200_000
"""Words remembered."""
_FREE_TEXT = frozenset({"notes", "note", "tags", "skills", "wishes", "certificates", "outcome"})
"""Fields in which people write what may not be kept."""


@dataclass(slots=True)
class FieldRow:
    """A row's values by path."""

    number: int
    values: dict[str, Any]


@dataclass(slots=True)
class Sheet:
    """All rows of a file with their values, and everything that was wrong."""

    rows: list[FieldRow]
    headers: dict[str, str]
    """Path to header, for telling problems."""
    problems: list[Problem] = field(default_factory=list)
    notices: dict[str, int] = field(default_factory=dict)
    """What was left out or is worth a look, and in how many rows."""

    def refuse(self, row: int, path: str | None, what: str, remedy: str) -> None:
        """Note a problem."""
        header = None if path is None else self.headers.get(path, path)
        self.problems.append(Problem(row, header, what, remedy))

    def notice(self, what: str, rows: int = 1) -> None:
        """Count something worth a look."""
        self.notices[what] = self.notices.get(what, 0) + rows


def read_rows(source: Source, kind: Kind, assignment: Assignment, mapping: MappingFile, progress: Progress) -> Sheet:
    """Read every cell; rows with a cell that cannot be read become problems and are left out."""
    sheet = Sheet([], {column.path: header for header, column in assignment.columns.items()}, list(source.problems))
    by_path = {column.path: column for column in COLUMNS[kind]}
    words = {path: {_word(key): value for key, value in table.items()} for path, table in mapping.values.items()}
    defaults = {path: by_path[path].read(value) for path, value in mapping.defaults.items()}
    known: dict[tuple[str, str], Any] = {}
    for place, row in enumerate(source.rows):
        if place % _STEP == 0:
            progress("checking", place, len(source.rows))
        values = dict(defaults)
        good = True
        for header, cell in row.cells.items():
            column = assignment.columns.get(header)
            if column is None:
                continue
            table = words.get(column.path)
            given = cell if table is None or isinstance(cell, (list, dict)) else table.get(_word(cell), cell)
            try:
                value = _read(column, given, known)
            except CellError as problem:
                sheet.problems.append(Problem(row.number, header, problem.what, problem.remedy))
                good = False
            else:
                values[column.path] = _allowed(column, value, sheet)
        if good:
            sheet.rows.append(FieldRow(row.number, values))
    progress("checking", len(source.rows), len(source.rows))
    return sheet


def _read(column: Column, cell: Any, known: dict[tuple[str, str], Any]) -> Any:  # noqa: ANN401 - a cell, a field's value
    """The cell's value; short words, which most columns repeat from row to row, are read once."""
    if not isinstance(cell, str) or len(cell) > _SHORT:
        return column.read(cell)
    key = (column.path, cell)
    if key not in known:
        value = column.read(cell)
        if len(known) >= _KNOWN:
            return value
        known[key] = value
    return known[key]


def _word(cell: object) -> str:
    return str(cell).strip().casefold()


def _allowed(column: Column, value: Any, sheet: Sheet) -> Any:  # noqa: ANN401 - a field's value
    if column.path not in _FREE_TEXT:
        return value
    if isinstance(value, list):
        kept = [without_protected(item) for item in value]
        taken = sum(count for _, count in kept)
        value = [item for item, _ in kept if item]
    else:
        value, taken = without_protected(value)
    if taken:
        sheet.notice("remarks on protected attributes (marriage, health, origin …) were left out")
    return value


def nested(values: Mapping[str, Any], base: dict[str, Any] | None = None) -> dict[str, Any]:
    """Dotted paths as nested objects, laid over what is there already."""
    found = dict(base or {})
    for path, value in values.items():
        *stems, leaf = path.split(".")
        place = found
        for stem in stems:
            inner = place.get(stem)
            place[stem] = dict(inner) if isinstance(inner, dict) else {}
            place = place[stem]
        place[leaf] = value
    return found


def record(kind: type[R], values: dict[str, Any], row: FieldRow, sheet: Sheet, *, inside: str = "") -> R | None:
    """A valid record, or None with its problems told."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False, include_context=False):
            path = inside + ".".join(str(part) for part in item["loc"])
            sheet.refuse(row.number, _known(path, sheet.headers) or None, *_words(item["type"], item["msg"], path))
        return None


def _known(path: str, headers: Mapping[str, str]) -> str:
    """The path, or the longest beginning of it that a column fills: `levels` for `levels.0.range`."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        stem = ".".join(parts[:length])
        if stem in headers:
            return stem
    return path


def _words(kind: str, message: str, path: str) -> tuple[str, str]:
    if kind == "missing":
        return f"{path} is missing", "add the column, or a default in the mapping file"
    return message.removeprefix("Value error, "), "correct the value"
