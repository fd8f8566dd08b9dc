"""Whole tables as files: CSV, XLSX or JSON lines."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from openpyxl import Workbook

from hr_sync.errors import InvalidDataError
from hr_sync.exports.flat import flat_result
from hr_sync.neutral import neutral
from hr_sync.records import Record
from hr_sync.store.base import Store
from hr_sync.store.rows import to_json

_PAGE = 500
Row = dict[str, Any]


class Kind(StrEnum):
    """What can be exported."""

    RESULTS = "results"
    CANDIDATES = "candidates"
    JOBS = "jobs"


def export(store: Store, kind: Kind, to: Path) -> int:
    """Write all records of a kind; the file's ending says how. The file appears whole, readable by its owner alone.

    CSV is UTF-8 with a byte order mark; cells of CSV and XLSX that would run as formulas are neutralised.

    Returns:
        How many records.

    Raises:
        InvalidDataError: an ending we do not write.
    """
    write = _WRITERS.get(to.suffix.lower())
    if write is None:
        raise InvalidDataError(f"files that end in {to.suffix or 'nothing'} are not written", remedy=f"use {', '.join(_WRITERS)}")
    draft = to.with_name(f".{to.name}.part")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        count = write(_rows(store, kind, flat=to.suffix.lower() != ".jsonl"), draft)
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _rows(store: Store, kind: Kind, *, flat: bool) -> Iterator[Row]:
    if kind is Kind.RESULTS:
        cursor = 0
        while page := store.results(cursor, _PAGE):
            for stored in page:
                whole = {"cursor": stored.cursor, "revision": stored.revision, "result": stored.result.model_dump(mode="json")}
                yield flat_result(stored.result, revision=stored.revision, cursor=stored.cursor) if flat else whole
            cursor = page[-1].cursor
        return
    read: Callable[..., tuple[Any, ...]] = store.candidates if kind is Kind.CANDIDATES else store.jobs
    after = None
    while records := read(after=after, limit=_PAGE):
        for record in records:
            yield _flat(record) if flat else record.model_dump(mode="json")
        after = records[-1].id


def _flat(record: Record) -> Row:
    fields = record.model_dump(mode="json")
    return {name: to_json(value) if isinstance(value, (list, dict)) else value for name, value in fields.items()}


def _write_csv(rows: Iterator[Row], path: Path) -> int:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        return _csv_into(rows, file)


def _csv_into(rows: Iterator[Row], file: TextIO) -> int:
    writer: csv.DictWriter[str] | None = None
    count = 0
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(file, fieldnames=list(row))
            writer.writeheader()
        writer.writerow({name: neutral(value) for name, value in row.items()})
        count += 1
    return count


def _write_xlsx(rows: Iterator[Row], path: Path) -> int:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Hireline")
    count = 0
    for row in rows:
        if count == 0:
            sheet.append(list(row))
        sheet.append([neutral(value) for value in row.values()])
        count += 1
    book.save(path)
    book.close()
    return count


def _write_jsonl(rows: Iterator[Row], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    return count


_WRITERS: dict[str, Callable[[Iterator[Row], Path], int]] = {".csv": _write_csv, ".xlsx": _write_xlsx, ".jsonl": _write_jsonl}
