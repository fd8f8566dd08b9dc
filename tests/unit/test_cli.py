"""The command without a server: help, output forms, errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from agi_app import cli
from agi_app.config import CHECKOUT
from hr_sync.store import SqliteStore

README = CHECKOUT / "README.md"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HIRELINE_PATHS__STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def commands() -> Iterator[tuple[str, ...]]:
    root = typer.main.get_command(cli.app)
    for name, command in sorted(root.commands.items()):  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        if inner is None:
            yield (name,)
        else:
            yield from ((name, each) for each in sorted(inner))


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_command_explains_itself_with_an_example_and_stands_in_the_readme(command: tuple[str, ...], state: Path) -> None:
    text = run(*command, "--help")
    assert "Example" in text
    assert f"hireline {' '.join(command)}" in " ".join(text.split())
    readme = README.read_text("utf-8")
    if command[0] != "setup":
        assert f"hireline {command[0]}" in readme
        assert command[-1] in readme


def test_the_sample_is_put_in_once(state: Path) -> None:
    assert "12 new" in run("hr", "sample")
    assert "12 as before" in run("hr", "sample")
    assert (state / "hireline.db").stat().st_mode & 0o077 == 0


def test_lists_as_json(state: Path) -> None:
    run("hr", "sample")
    jobs = json.loads(run("hr", "jobs", "--json", "-"))
    assert {job["id"] for job in jobs} >= {"key-account-sales", "java-developer", "customer-service", "public-sector-technician"}
    candidates = json.loads(run("hr", "candidates", "--limit", "3", "--json", "-"))
    assert len(candidates) == 3


def test_json_goes_to_a_file_when_asked(state: Path) -> None:
    run("hr", "sample")
    run("hr", "results", "--json", str(state / "results.json"))
    assert json.loads((state / "results.json").read_text("utf-8")) == []


def test_wrong_use_exits_with_2(state: Path) -> None:
    assert CliRunner().invoke(cli.app, ["call", "--candidate", "zhang-wei"]).exit_code == 2
    assert CliRunner().invoke(cli.app, ["no-such-command"]).exit_code == 2


def test_an_error_says_what_happened_where_and_what_to_do(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["hireline", "hr", "show", "call-that-never-was"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    told = capsys.readouterr().err
    assert "not_found" in told
    assert "call-that-never-was" in told
    assert "Traceback" not in told


def test_a_setting_that_cannot_be_used_is_named(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIRELINE_ASTERISK__HTTP_PORT", "seventy")
    monkeypatch.setattr("sys.argv", ["hireline", "hr", "jobs"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    assert "asterisk.http_port" in capsys.readouterr().err


def test_the_shipped_pack_passes_its_check() -> None:
    assert "0 errors" in run("pack", "check")


def test_understanding_refuses_a_broken_line_with_its_number(state: Path) -> None:
    for made in ("models", "nlu"):
        (state / made).symlink_to(CHECKOUT / "var" / made)
    result = CliRunner().invoke(cli.app, ["understand", "--json", "-"], input='{"question": "expected_pay"}\n')
    assert result.exit_code == 1
    assert "line 1" in str(result.exception)


def test_the_store_of_the_command_is_the_one_of_the_settings(state: Path) -> None:
    run("hr", "sample")
    with SqliteStore(state / "hireline.db") as store:
        assert store.candidate("zhang-wei").name == "张伟"
