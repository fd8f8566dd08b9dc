"""Files to import, in the forms people bring them in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

from hr_sync.imports import ImportPlan, Kind, Mapping, make_plan
from hr_sync.imports.problems import Problem
from hr_sync.store import Store

PEOPLE = ("姓名", "手机号", "学历", "专业", "工作年限")
ZHAO = ("赵一", "13900001001", "本科", "会计学", "3年")
QIAN = ("钱二", "13900001002", "大专", "物流管理", "5")


def csv_text(*rows: Sequence[object], delimiter: str = ",") -> str:
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter).writerows(rows)
    return sink.getvalue()


def csv_file(
    folder: Path, *rows: Sequence[object], encoding: str = "utf-8", delimiter: str = ",", name: str = "people.csv"
) -> Path:
    path = folder / name
    path.write_bytes(csv_text(*rows, delimiter=delimiter).encode(encoding))
    return path


def xlsx_file(folder: Path, *rows: Sequence[object], name: str = "people.xlsx") -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    path = folder / name
    book.save(path)
    return path


def plan(store: Store, path: Path, kind: Kind = Kind.CANDIDATES, mapping: Mapping | None = None, **options: bool) -> ImportPlan:
    return make_plan(store, path, kind, mapping=mapping, **options)


def places(problems: Sequence[Problem]) -> list[tuple[int, str | None]]:
    return [(problem.row, problem.column) for problem in problems]
