"""Delimited text, as spreadsheets and HR systems export it."""

from __future__ import annotations

import csv
import io

from hr_sync.errors import InvalidDataError
from hr_sync.imports.encoding import decode
from hr_sync.imports.problems import Problem
from hr_sync.imports.source import Progress, Source, SourceOptions, SourceRow, checked_headers, row_of

_DELIMITERS = (",", "\t", ";", "|", "，")
_STEP = 2000
"""Rows between two words to the progress bar."""
_ANY_FIELD = 2**31 - 1


def read_csv(data: bytes, name: str, sha256: str, options: SourceOptions, progress: Progress) -> Source:
    """Read delimited text; see `read_source`."""
    text, encoding = decode(data, where=name, encoding=options.encoding)
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise InvalidDataError("the file holds zero bytes", where=f"{name}, line {line}", remedy="save it again as CSV UTF-8")
    text = text.removeprefix("\ufeff")
    lines = text.splitlines()
    if len(lines) < options.header_row:
        raise InvalidDataError("there is no such header row", where=f"{name}, line {options.header_row}", remedy="--header-row")
    delimiter = options.delimiter or _delimiter(lines[options.header_row - 1])
    if len(delimiter) != 1:
        raise InvalidDataError("a delimiter is one character", where=name, remedy="--delimiter ';'")
    # The limit is the process's. Python's own (128 KB) would end the file in the middle without naming the column; ours does.
    csv.field_size_limit(_ANY_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    problems: list[Problem] = []
    rows: list[SourceRow] = []
    headers: list[str] = []
    start = 1
    try:
        for cells in reader:
            if not headers:
                if reader.line_num >= options.header_row:
                    headers = checked_headers(cells, name)
            elif (row := row_of(start, headers, [cell.strip() for cell in cells], problems)) is not None:
                rows.append(row)
                if len(rows) % _STEP == 0:
                    progress("reading", reader.line_num, len(lines))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InvalidDataError(
            f"the file is not well-formed CSV ({error})",
            where=f"{name}, the record that begins at line {start}",
            remedy="look for a quotation mark that is not closed or not doubled",
        ) from None
    progress("reading", len(lines), len(lines))
    return Source(name, sha256, f"csv, {encoding}", headers, rows, problems)


def _delimiter(header: str) -> str:
    unquoted = "".join(header.split('"')[::2])
    counts = {delimiter: unquoted.count(delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: counts[delimiter])
    return best if counts[best] else ","
