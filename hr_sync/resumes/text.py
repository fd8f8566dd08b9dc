"""The text of a resume, whatever file it comes in, line by line in reading order; cells of a table row stand in one line."""

from __future__ import annotations

import io
import logging
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph
from pdfminer.high_level import extract_pages
from pdfminer.layout import LAParams, LTTextContainer, LTTextLine
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfminer.psexceptions import PSException

from hr_sync.errors import InvalidDataError
from hr_sync.imports.encoding import decode

SUFFIXES = frozenset({".pdf", ".docx", ".txt"})
LARGEST_FILE = 20 * 2**20
"""Bytes."""
_LARGEST_UNPACKED = 200 * 2**20
_MOST_PAGES = 30
_LEAST_COLUMN = 5
"""Lines."""
_ROW = 2
"""Points between the feet of pieces of one row."""
_LEAST_TEXT = 20
"""Characters; a resume with fewer is a picture of one."""
_SPACES = re.compile(r"[ \u00a0\u3000]{2,}|\t+[ \t]*")
_LABEL = re.compile(r"(姓|性|民|学|专|电|手|邮|籍|年|学|地) +(名|别|族|历|业|话|机|箱|贯|龄|校|址)(?![\u4e00-\u9fff])")
"""Labels that were spread to equal widths: 姓  名."""
_BROKEN = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip
"""What the libraries let through for files that are damaged, or are not what they claim to be."""
_CID = re.compile(r"\(cid:\d+\)")

logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns about every oddity of a font


def read_text(path: Path) -> str:
    """Read a resume.

    Raises:
        InvalidDataError: too large, of another type, damaged, protected by a password, or without text (scanned).
    """
    readers = {".pdf": _pdf, ".docx": _docx, ".txt": _txt}
    suffix = path.suffix.lower()
    if suffix not in readers:
        remedy = "save it as DOCX or PDF" if suffix == ".doc" else "PDF, DOCX or TXT"
        raise InvalidDataError(f"resumes of type {suffix or 'none'} are not read", where=path.name, remedy=remedy)
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST_FILE else None
    except OSError as error:
        raise InvalidDataError(f"the file cannot be read: {error.strerror}", where=path.name, remedy="correct the path") from error
    if data is None:
        raise InvalidDataError(
            f"the file is larger than {LARGEST_FILE // 2**20} MB", where=path.name, remedy="leave the pictures out"
        )
    if not data:
        raise InvalidDataError("the file is empty", where=path.name, remedy="ask for it again")
    text = _tidy(readers[suffix](data, path.name))
    if len(text) < _LEAST_TEXT:
        raise InvalidDataError(
            "the file holds no text: it is a scan or a picture",
            where=path.name,
            remedy="put it through text recognition (OCR) first, or enter the candidate by hand",
        )
    return text


def _tidy(text: str) -> str:
    """One form for widths and spaces; control characters and glyphs without a meaning go."""
    lines = []
    for line in unicodedata.normalize("NFKC", _CID.sub("", text)).splitlines():
        printed = "".join(char for char in line if char == "\t" or unicodedata.category(char)[0] != "C")
        plain = _SPACES.sub("  ", _LABEL.sub(r"\1\2", printed)).strip()
        if plain:
            lines.append(plain)
    return "\n".join(lines)


def _txt(data: bytes, name: str) -> str:
    return decode(data, where=name)[0]


def _pdf(data: bytes, name: str) -> str:
    try:
        pages = extract_pages(io.BytesIO(data), maxpages=_MOST_PAGES, laparams=LAParams(boxes_flow=None, char_margin=2.0))
        return "\n".join(line for page in pages for line in _page_lines(page))
    except PDFPasswordIncorrect as error:
        raise InvalidDataError("the file is protected by a password", where=name, remedy="ask for it without one") from error
    except (PDFException, PSException, *_BROKEN) as error:
        raise InvalidDataError("the file is no PDF that can be read", where=name, remedy="print it to PDF again") from error


def _page_lines(page: Any) -> Iterator[str]:  # noqa: ANN401 - pdfminer's page
    """Lines in reading order. Two columns that stand side by side over the page are read one after the other; pieces of one
    table row are put together."""
    pieces = [line for box in page if isinstance(box, LTTextContainer) for line in _lines(box)]
    for column in _columns(pieces, page.width):
        rows: list[list[Any]] = []
        for piece in sorted(column, key=lambda line: -line.y1):
            middle = (piece.y0 + piece.y1) / 2
            if rows and rows[-1][0].y0 <= middle <= rows[-1][0].y1:
                rows[-1].append(piece)
            else:
                rows.append([piece])
        for row in rows:
            yield "  ".join(piece.get_text().strip() for piece in sorted(row, key=lambda line: line.x0))


def _lines(box: LTTextContainer[Any]) -> Iterator[Any]:
    for line in box:
        if isinstance(line, LTTextLine) and line.get_text().strip():
            yield line


def _columns(pieces: list[Any], width: float) -> list[list[Any]]:
    """The pieces as one column, or as two where a gap runs down the page between a narrow side column and the rest."""
    for share in (0.3, 0.35, 0.4, 0.45):
        edge = width * share
        left = [piece for piece in pieces if piece.x1 <= edge]
        right = [piece for piece in pieces if piece.x0 >= edge]
        crossing = len(pieces) - len(left) - len(right)
        few, many = sorted((len(left), len(right)))
        if crossing <= 1 and few >= _LEAST_COLUMN and few * 2 >= many and not (_beside(left, right) and _beside(right, left)):
            top = [piece for piece in pieces if piece not in left and piece not in right]
            return [top, left, right]
    return [pieces]


def _beside(some: list[Any], others: list[Any]) -> bool:
    """Whether nearly each piece has one of the others in its row: then both are columns of a table."""
    rows = sum(any(abs(one.y0 - other.y0) < _ROW for other in others) for one in some)
    return rows >= len(some) * 0.95


def _docx(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _LARGEST_UNPACKED:
                raise InvalidDataError("the file unpacks to hundreds of megabytes", where=name, remedy="leave the pictures out")
        document = Document(io.BytesIO(data))
        return "\n".join(_blocks(document))
    except (zipfile.BadZipFile, PackageNotFoundError, *_BROKEN) as error:
        raise InvalidDataError(
            "the file is no Word document that can be read", where=name, remedy="save it as DOCX again"
        ) from error


def _blocks(container: Any) -> Iterator[str]:  # noqa: ANN401 - a document or a cell
    for block in container.iter_inner_content():
        if isinstance(block, Paragraph):
            yield block.text
        elif isinstance(block, Table):
            yield from _rows(block)


def _rows(table: Table) -> Iterator[str]:
    for row in table.rows:
        seen: list[Any] = []
        cells = []
        for cell in row.cells:
            if cell._tc in seen:  # noqa: SLF001 - a cell that spans columns is given once for each; there is no other way to tell
                continue
            seen.append(cell._tc)  # noqa: SLF001
            cells.append("\n".join(_blocks(cell)))
        if any("\n" in cell.strip() for cell in cells):
            yield from cells
        else:
            yield "  ".join(cells)
