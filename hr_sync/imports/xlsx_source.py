"""Sheets of Excel workbooks. Formulas are seen as formulas and refused; nothing in a workbook is ever executed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

from openpyxl import load_workbook
from openpyxl.cell.read_only import EmptyCell
from openpyxl.utils.exceptions import InvalidFileException

from hr_sync.errors import InvalidDataError
from hr_sync.imports.problems import Problem
from hr_sync.imports.source import LARGEST_FILE, Progress, Source, SourceOptions, SourceRow, checked_headers, row_of

_STEP = 2000
LARGEST_UNPACKED = 4 * LARGEST_FILE
_BROKEN = (
    zipfile.BadZipFile, InvalidFileException, zlib.error, struct.error,
    AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What openpyxl lets through for files that are not what they claim to be; bad XML is a SyntaxError."""


def read_xlsx(data: bytes, name: str, sha256: str, options: SourceOptions, progress: Progress) -> Source:
    """Read one sheet, the first unless named; see `read_source`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > LARGEST_UNPACKED:
            raise InvalidDataError(
                f"the workbook unpacks to {unpacked // 2**20} MB", where=name, remedy="save the sheet alone as CSV UTF-8"
            )
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
        sheet = _sheet(book, name, options.sheet)
        source = Source(name, sha256, f"xlsx, sheet {sheet.title}", [], [])
        _fill(source, sheet, options, progress)
        book.close()
    except _BROKEN as error:
        raise InvalidDataError(
            f"the workbook is damaged ({type(error).__name__})", where=name, remedy="open it in Excel and save it again"
        ) from error
    return source


def _sheet(book: Any, name: str, wanted: str | None) -> Any:  # noqa: ANN401 - openpyxl's read-only sheet has no public type
    if wanted is None:
        return book.worksheets[0]
    if wanted not in book.sheetnames:
        raise InvalidDataError(f"there is no sheet {wanted}", where=name, remedy=f"one of {', '.join(book.sheetnames)}")
    return book[wanted]


def _fill(source: Source, sheet: Any, options: SourceOptions, progress: Progress) -> None:  # noqa: ANN401 - as above
    total = sheet.max_row or 0
    sheet.reset_dimensions()  # some programs write them wrong, which would cut the sheet short
    for number, cells in enumerate(sheet.iter_rows(min_row=1), 1):
        if number < options.header_row:
            continue
        if not source.headers:
            source.headers = checked_headers(["" if cell.value is None else str(cell.value) for cell in cells], source.name)
            continue
        row = _row(number, cells, source)
        if row is not None:
            source.rows.append(row)
        if number % _STEP == 0:
            progress("reading", number, max(total, number))
    progress("reading", len(source.rows), len(source.rows))


def _row(number: int, cells: Any, source: Source) -> SourceRow | None:  # noqa: ANN401 - as above
    values: list[Any] = []
    for place, cell in enumerate(cells):
        if isinstance(cell, EmptyCell) or cell.value is None:
            values.append(None)
            continue
        if cell.data_type in {"f", "e"}:
            header = source.headers[place] if place < len(source.headers) else cell.column_letter
            kind = "a formula, not a value" if cell.data_type == "f" else f"the error {cell.value}"
            source.problems.append(Problem(number, header, f"the cell holds {kind}", "paste its value (Paste special, values)"))
            return None
        values.append(cell.value.strip() if isinstance(cell.value, str) else cell.value)
    return row_of(number, source.headers, values, source.problems)
