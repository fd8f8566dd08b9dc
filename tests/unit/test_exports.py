"""Whole tables as files."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from hr_sync.errors import InvalidDataError
from hr_sync.exports.tables import Kind, export
from hr_sync.records import CallResult, Candidate, Job
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from tests.unit.store.store_cases import ZHANG, attempt, result


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path_factory.mktemp("export") / "hr.db") as store:
        load_sample(store)
        store.put_candidates([ZHANG.model_copy(update={"id": "evil", "notes": '=cmd|"/c calc"!A1', "city": "@SUM(1)"})])
        for number in (1, 2):
            store.open_attempt(attempt(f"call-{number}"))
            store.finish(result(f"call-{number}", attempt=number, evidence="-2+3"))
        yield store


@pytest.mark.parametrize(("kind", "model", "count"), [(Kind.CANDIDATES, Candidate, 13), (Kind.JOBS, Job, 4)])
def test_json_lines_come_back_as_they_were(store: SqliteStore, tmp_path: Path, kind: Kind, model: type, count: int) -> None:
    path = tmp_path / "out.jsonl"
    assert export(store, kind, path) == count
    records = [model.model_validate_json(line) for line in path.read_text("utf-8").splitlines()]
    assert tuple(records) == (store.candidates() if kind is Kind.CANDIDATES else store.jobs())
    assert path.stat().st_mode & 0o077 == 0


def test_results_come_with_cursor_and_revision(store: SqliteStore, tmp_path: Path) -> None:
    export(store, Kind.RESULTS, tmp_path / "out.jsonl")
    items = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [(item["cursor"], item["revision"]) for item in items] == [(1, 1), (2, 1)]
    assert CallResult.model_validate(items[0]["result"]) == store.result("call-1")


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_no_cell_runs_as_a_formula(store: SqliteStore, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending}"
    assert export(store, Kind.CANDIDATES, path) == 13
    if ending == ".csv":
        rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    else:
        book = load_workbook(path)
        header, *cells = book.active.iter_rows(values_only=True)
        rows = [dict(zip(header, row, strict=True)) for row in cells]
        assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    (evil,) = [row for row in rows if row["id"] == "evil"]
    assert (evil["notes"], evil["city"], evil["name"]) == ('\'=cmd|"/c calc"!A1', "'@SUM(1)", ZHANG.name)
    assert str(evil["phone"]) == ZHANG.phone
    assert json.loads(evil["skills"]) == list(ZHANG.skills)


def test_an_ending_we_do_not_write_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match=r"\.pdf"):
        export(store, Kind.JOBS, tmp_path / "out.pdf")
    assert list(tmp_path.iterdir()) == []
