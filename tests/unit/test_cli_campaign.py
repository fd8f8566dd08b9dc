"""`hireline campaign …` without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agi_app import cli
from hr_sync.errors import ConflictError, HirelineError, InvalidDataError, NotFoundError
from hr_sync.owner import this_process
from hr_sync.records import Candidate, DoNotCallEntry, DoNotCallReason
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.executors import Executors

JOB = "customer-service"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HIRELINE_PATHS__STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    with SqliteStore(tmp_path / "hireline.db") as store:
        load_sample(store)
        store.put_candidates([Candidate(id="abroad", name="张伟", phone="+12025550123", tags=("ours",))])
        store.block(DoNotCallEntry(number="+8613800000002", reason=DoNotCallReason.HR_DECIDED, at=datetime.now(UTC)))
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["campaign", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def machine(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json", "-"))


def refused(kind: type[HirelineError], *arguments: str) -> str:
    with pytest.raises(kind) as caught:
        run(*arguments)
    return str(caught.value)


def test_create_tells_who_cannot_be_called(state: Path) -> None:
    made = machine("create", "spring", "--job", JOB, "--tag", "ours", "--candidate", "li-na", "--candidate", "zhang-wei")
    assert (made["campaign"]["state"], made["candidates"]) == ("draft", 3)
    assert made["not_callable"] == {
        "abroad": "a number of another country",
        "li-na": "the number is on the do-not-call list",
    }


def test_candidates_from_a_file_each_once_and_unknown_ones_refused(state: Path) -> None:
    listed = state / "ids.txt"
    listed.write_text("zhang-wei\n\nli-na\nzhang-wei\n")
    assert machine("create", "spring", "--job", JOB, "--from", str(listed))["candidates"] == 2
    assert "nobody" in refused(NotFoundError, "create", "other", "--job", JOB, "--candidate", "nobody")
    assert "already" in refused(ConflictError, "create", "spring", "--job", JOB, "--all")
    assert "nobody was chosen" in refused(InvalidDataError, "create", "other", "--job", JOB)


def test_retry_rules_that_cannot_be_used_are_refused_before_anything_is_written(state: Path) -> None:
    rules = state / "retry.yaml"
    rules.write_text("busy: {again: 1, after: [soon]}")
    assert "a pause is written like" in refused(HirelineError, "create", "spring", "--job", JOB, "--all", "--retry", str(rules))
    assert machine("list") == []


def test_states_and_what_holds_the_calls_up(state: Path) -> None:
    run("create", "spring", "--job", JOB, "--candidate", "zhang-wei", "--candidate", "abroad")
    assert "cannot become paused" in refused(ConflictError, "pause", "spring")
    shown = run("start", "spring")
    assert "no server runs" in shown
    assert "is running already" in run("resume", "spring")
    status = machine("pause", "spring")
    assert (status["campaign"]["state"], status["candidates"], status["journeys"]) == ("paused", 2, {"new": 2})
    assert status["opens_at"].keys() == {"Asia/Shanghai"}
    with SqliteStore(state / "hireline.db") as store:
        Executors(store.connections).sign("hireline", this_process(), datetime.now(UTC))
    assert machine("resume", "spring")["servers"] == 1
    assert "no server runs" not in run("status", "spring")
    [listed] = machine("list")
    assert (listed["id"], listed["state"], listed["candidates"], listed["calls"]) == ("spring", "running", 2, 0)
    assert "no campaign other" in refused(NotFoundError, "status", "other")
