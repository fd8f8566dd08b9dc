"""The commands of data in and screening, one after the other as a recruiter types them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agi_app import cli
from hr_sync.errors import HirelineError
from hr_sync.store import SqliteStore

DATA = Path(__file__).parents[1] / "data"
EHR = ["hr", "import", "candidates", str(DATA / "imports" / "ehr.csv"), "--mapping", str(DATA / "imports" / "ehr.yaml")]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HIRELINE_PATHS__STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli.app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, (SystemExit, HirelineError)):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def read(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", "-", code=code).stdout)


def people(state: Path) -> list[str]:
    with SqliteStore(state / "hireline.db") as store:
        return [candidate.id for candidate in store.candidates()]


def test_import_is_tried_then_written_then_the_same(state: Path) -> None:
    tried = run(*EHR)
    assert "2 new" in tried.stdout
    assert "never taken (protected): 婚否" in tried.stdout
    assert "nothing was written" in tried.stdout
    assert people(state) == []
    report = read(*EHR, "--apply")
    assert (report["applied"], report["new"], report["checks"]["counts"]["after"]) == (True, 2, 2)
    assert (report["left_out"], report["protected"]) == (["内部评级"], ["婚否"])
    assert people(state) == ["e-1", "e-2"]
    again = read(*EHR, "--apply")
    assert (again["new"], again["changed"], again["same"]) == (0, 0, 2)


def test_bad_rows_fail_the_command_and_are_written_beside_their_cells(state: Path) -> None:
    bad = state / "bad.csv"
    bad.write_text("姓名,手机,学历\n=1+1,139,本科\n赵一,13900001001,本科\n", "utf-8")
    report = read("hr", "import", "candidates", str(bad), "--apply", "--problems", str(state / "problems.csv"), code=1)
    assert [(item["row"], item["column"]) for item in report["problems"]] == [(2, "姓名"), (2, "手机")]
    assert report["applied"] is False
    assert people(state) == []
    with (state / "problems.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["column"], row["姓名"]) for row in rows] == [("2", "姓名", "'=1+1"), ("2", "手机", "'=1+1")]
    assert (state / "problems.csv").stat().st_mode & 0o077 == 0


def test_screen_keeps_a_list_that_can_be_looked_at_again(state: Path) -> None:
    run("hr", "sample")
    made = read("hr", "screen", "--job", "key-account-sales", "--name", "spring", "--as-of", "2026-11-22")
    assert [item["candidate_id"] for item in made["matched"]] == ["sun-mei", "zhang-wei"]
    shown = run("hr", "screenings", "spring", "--outcome", "not_matched", "--export", str(state / "spring.csv"))
    assert "✗ 没有企业客户销售工作经历" in shown.stdout
    assert len((state / "spring.csv").read_text("utf-8-sig").splitlines()) == 13
    assert [item["id"] for item in read("hr", "screenings")] == ["spring"]
    assert run("hr", "screen", "--job", "no-job", code=1).exception is not None


def test_resumes_are_read_looked_at_and_taken(state: Path) -> None:
    folder = str(DATA / "resumes" / "tuning")
    first = read("hr", "resumes", "read", folder, code=1)
    assert len(first["read"]) == 11
    assert [item["file"] for item in first["refused"]] == ["t10.pdf"]
    resume = next(item for item in read("hr", "resumes", "list") if item["file"] == "t04.pdf")
    assert "水质监测员" in run("hr", "resumes", "show", resume["id"]).stdout
    run("hr", "resumes", "confirm", resume["id"], "--by", "林老师", "--set", "city=杭州")
    with SqliteStore(state / "hireline.db") as store:
        (candidate,) = store.candidates()
    assert (candidate.name, candidate.city) == ("李建国", "杭州")
    other = read("hr", "resumes", "list")[0]["id"]
    run("hr", "resumes", "reject", other, "--by", "林老师")
    assert len(read("hr", "resumes", "list")) == 9
    assert isinstance(run("hr", "resumes", "confirm", other, "--by", "林老师", code=1).exception, HirelineError)
