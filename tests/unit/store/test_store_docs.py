"""The pages about the database tell of every table, view and column, and their queries run."""

import re
import sqlite3
from pathlib import Path

import pytest

from hr_sync import records
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ["hr-data.md", "hr-data.zh-CN.md"]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("docs") / "hr.db"
    with SqliteStore(path) as store:
        load_sample(store)
    return path


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def query(path: Path, sql: str, *parameters: str) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_table_and_column_is_described(database: Path, name: str) -> None:
    sections = {part.split()[0].split("（")[0]: part for part in page(name).split("\n### ")[1:]}
    tables = [
        table
        for (table,) in query(database, "SELECT name FROM sqlite_master WHERE type = 'table'")
        if not table.startswith(("sqlite_", "_"))
    ]
    assert sorted(sections) == sorted(tables)
    for table in tables:
        columns = {column for (column,) in query(database, "SELECT name FROM pragma_table_info(?)", table)}
        described = set(re.findall(r"`(\w+)`", sections[table]))
        assert columns - described == set(), table


@pytest.mark.parametrize("name", PAGES)
def test_every_view_and_every_code_is_described(database: Path, name: str) -> None:
    described = set(re.findall(r"`(\w+)`", page(name)))
    views = {view for (view,) in query(database, "SELECT name FROM sqlite_master WHERE type = 'view'")}
    codes = {
        str(code)
        for kind in (
            records.Disposition, records.Interest, records.Degree, records.EmploymentStatus, records.Sector, records.CallState,
            records.LearnedKind, records.DoNotCallReason, records.Speaker,
        )
        for code in kind
    }  # fmt: skip
    assert (views | codes | set(records.JobFacts.model_fields) | set(records.Requirements.model_fields)) - described == set()


@pytest.mark.parametrize("name", PAGES)
def test_the_queries_run(database: Path, name: str) -> None:
    statements = [
        statement
        for block in re.findall(r"```sql\n(.*?)```", page(name), re.DOTALL)
        for statement in block.split(";\n")
        if statement.strip()
    ]
    assert len(statements) == 5
    for statement in statements:
        query(database, statement)
    missing = query(database, statements[-1])
    assert {topic for job, topic in missing if job == "customer-service"} == {"overtime", "promotion", "team", "probation"}


def test_both_languages_show_the_same_queries_but_for_the_remarks() -> None:
    code = [re.findall(r"```\w*\n(.*?)```", page(name), re.DOTALL) for name in PAGES]
    assert [re.sub(r"--.*", "", block) for block in code[0]] == [re.sub(r"--.*", "", block) for block in code[1]]
