"""Files as they come: encodings, delimiters, broken ones."""

from __future__ import annotations

import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hr_sync.errors import InvalidDataError
from hr_sync.imports import xlsx_source
from hr_sync.imports.source import LARGEST_CELL, Source, SourceOptions, read_source
from tests.unit.import_kit import PEOPLE, QIAN, ZHAO, csv_file, csv_text, places, xlsx_file

WHEN = datetime(2019, 6, 30)  # noqa: DTZ001 - a spreadsheet's


def read(path: Path, **options: object) -> Source:
    return read_source(path, SourceOptions(**options), lambda _stage, _done, _total: None)  # type: ignore[arg-type]


def written(folder: Path, data: bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_encodings_are_found_out(tmp_path: Path, encoding: str, found: str) -> None:
    source = read(csv_file(tmp_path, PEOPLE, ZHAO, QIAN, encoding=encoding))
    assert source.form == f"csv, {found}"
    assert source.headers == list(PEOPLE)
    assert source.rows[1].cells["专业"] == "物流管理"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters_are_found_out(tmp_path: Path, delimiter: str) -> None:
    source = read(csv_file(tmp_path, PEOPLE, ZHAO, delimiter=delimiter))
    assert source.rows[0].cells["手机号"] == "13900001001"


def test_bytes_that_are_no_text_are_named_by_line(tmp_path: Path) -> None:
    good = csv_text(PEOPLE, ZHAO).encode()
    with pytest.raises(InvalidDataError, match="stops being utf-8") as refused:
        read(written(tmp_path, good + b"\xe9\x92\xb1\xff\xff,1\n"))
    assert refused.value.where == "people.csv, line 3"
    with pytest.raises(InvalidDataError, match="stops being ascii"):
        read(written(tmp_path, good), encoding="ascii")
    with pytest.raises(InvalidDataError, match="no encoding"):
        read(written(tmp_path, good), encoding="klingon")


def test_a_quote_that_is_never_closed_is_named_by_line(tmp_path: Path) -> None:
    text = csv_text(PEOPLE, ZHAO) + '"钱二,13900001002,大专\n' + csv_text(*[QIAN] * 5)
    with pytest.raises(InvalidDataError, match="not well-formed CSV") as refused:
        read(written(tmp_path, text.encode()))
    assert refused.value.where == "people.csv, the record that begins at line 3"


def test_rows_keep_the_lines_they_begin_at(tmp_path: Path) -> None:
    text = csv_text(PEOPLE) + '赵一,13900001001,本科,"会计\n学",3\n\n' + csv_text((*QIAN, "多", "余"), QIAN)
    source = read(written(tmp_path, text.encode()))
    assert [row.number for row in source.rows] == [2, 6]
    assert places(source.problems) == [(5, None)]
    assert "7 cells under 5 headers" in source.problems[0].what


def test_a_cell_of_ten_megabytes_is_named(tmp_path: Path) -> None:
    huge = "简" * (10 * 2**20 // 3)
    source = read(csv_file(tmp_path, PEOPLE, ZHAO, ("钱二", "13900001002", "大专", huge, "5")))
    assert places(source.problems) == [(3, "专业")]
    assert f"{len(huge):,}" in source.problems[0].what
    assert len(source.rows) == 1
    lines = [json.dumps({"姓名": "赵一"}), json.dumps({"姓名": "x" * (LARGEST_CELL + 1)})]
    assert places(read(written(tmp_path, "\n".join(lines).encode(), "a.jsonl")).problems) == [(2, "姓名")]


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (b"", "people.csv", "empty"),
        (b" \n ", "people.csv", "empty"),
        (b"\n,,\n", "people.csv", "no headers"),
        ("姓名,姓名\n赵一,钱二\n".encode(), "people.csv", "occurs twice"),
        (b"name,phone\n", "people.csv", "no rows"),
        (b"name\nA\x00B\n", "people.csv", "zero bytes"),
        (b"x", "people.pdf", "type .pdf"),
        (b"PK\x03\x04 nonsense", "people.xlsx", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "people.xls", "old or an encrypted"),
        (b"[1, 2", "people.json", "not JSON"),
        (b'[{"a": {"b": 1, "b": 2}}]', "people.json", "b occurs twice"),
        (b'[{"a": NaN}]', "people.json", "not JSON"),
        (b"3", "people.json", "no list"),
        (b"[" * 100_000, "people.json", "not JSON"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_say_so(tmp_path: Path, data: bytes, name: str, told: str) -> None:
    with pytest.raises(InvalidDataError, match=told) as refused:
        read(written(tmp_path, data, name))
    assert name in (refused.value.where or "")


def test_a_workbook_gives_typed_cells_and_refuses_formulas(tmp_path: Path) -> None:
    path = xlsx_file(
        tmp_path,
        ("姓名", "手机号", "毕业时间", "薪资"),
        ("赵一", 13900001001, WHEN, 12000.0),
        ("钱二", "13900001002", None, "=1+1"),
        ("孙三", "13900001003", date(2020, 7, 1), "#REF!"),
    )
    source = read(path)
    assert source.form == "xlsx, sheet Sheet"
    assert source.rows[0].cells == {"姓名": "赵一", "手机号": 13900001001, "毕业时间": WHEN, "薪资": 12000}
    assert places(source.problems) == [(3, "薪资"), (4, "薪资")]
    assert "formula" in source.problems[0].what
    with pytest.raises(InvalidDataError, match="no sheet 人员"):
        read(path, sheet="人员")


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_source, "LARGEST_UNPACKED", 64 * 2**20)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("xl/a.xml", "w", force_zip64=True) as part:
        chunk = bytes(2**24)
        for _ in range(5):
            part.write(chunk)
    with pytest.raises(InvalidDataError, match="unpacks to 80 MB"):
        read(path)


def test_json_in_its_forms(tmp_path: Path) -> None:
    people = [{"姓名": "赵一", "pay": {"base": {"min": 1}}, "skills": ["a", "b"], "空": None}, {"姓名": "钱二"}]
    nested = {"姓名": "赵一", "pay.base.min": 1, "skills": ["a", "b"]}
    for name, text in (
        ("a.json", json.dumps(people)),
        ("b.json", json.dumps({"total": 2, "data": people}, indent=2)),
        ("c.jsonl", "\n".join(json.dumps(item, ensure_ascii=False) for item in people)),
        ("d.json", json.dumps({"data": people})),
    ):
        source = read(written(tmp_path, text.encode(), name))
        assert [row.cells for row in source.rows] == [nested, {"姓名": "钱二"}], name
    broken = read(written(tmp_path, b'{"a": 1}\n{"a": \n[1]\n{"a": 1, "a": 2}\n', "e.jsonl"))
    assert places(broken.problems) == [(2, None), (4, "a"), (3, None)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), at=st.integers(0, 5000))
def test_a_damaged_workbook_is_read_or_refused_but_breaks_nothing(tmp_path: Path, data: bytes, at: int) -> None:
    path = xlsx_file(tmp_path, PEOPLE, ZHAO, QIAN)
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + data + whole[at + len(data) :])
    try:
        read(path)
    except InvalidDataError as refused:
        assert refused.where  # noqa: PT017 - whether it is read depends on where the damage is


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400), name=st.sampled_from(["a.csv", "a.xlsx", "a.json", "a.jsonl"]), head=st.booleans())
def test_no_bytes_break_the_reader(tmp_path: Path, data: bytes, name: str, head: bool) -> None:
    prefix = b"PK\x03\x04" if name == "a.xlsx" else b'[{"a":"' if name == "a.json" else b"a,b\n"
    try:
        source = read(written(tmp_path, (prefix if head else b"") + data, name))
    except InvalidDataError:
        return
    assert source.rows or source.problems
