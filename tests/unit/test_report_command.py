"""`hireline hr assess`, `decide` and `report` on a database with one finished call."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from agi_app.cli import app
from agi_app.config import load_settings
from agi_app.exchange import recording_folder
from hr_sync.records import CallAttempt
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from tests.unit.test_assessment_validity import story


@pytest.fixture
def call_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    weights = load_settings().weights
    monkeypatch.setenv("HIRELINE_PATHS__STATE", str(tmp_path))
    (tmp_path / "models").symlink_to(weights)
    (tmp_path / "nlu").symlink_to(weights.parent / "nlu")
    result = story(recording="recordings/call-1.wav", consent={"recording": True})
    with SqliteStore(load_settings().database) as store:
        load_sample(store)
        store.open_attempt(
            CallAttempt(
                call_id=result.call_id,
                candidate_id=result.candidate_id,
                job_id=result.job_id,
                started_at=result.started_at,
                owner="test:1:1",
            )
        )
        store.finish(result)
    (tmp_path / "recordings").mkdir()
    soundfile.write(tmp_path / "recordings" / "call-1.wav", np.zeros((16_000, 2), np.float32), 8000)
    return result.call_id


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["hr", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_from_the_call_to_the_decision_and_the_report(call_id: str, tmp_path: Path) -> None:
    (assessed,) = json.loads(run("assess", call_id, "--json", "-"))
    assert assessed["competencies"][0]["score"] > 50
    decided = json.loads(run("decide", call_id, "--by", "林晓", "--decision", "advance", "--reason", "案例具体", "--json", "-"))
    assert [(one["by"], one["decision"], one["recommendation"]) for one in decided] == [
        ("林晓", "advance", assessed["recommendation"])
    ]
    assert "decision" in run("audit", "list", "--subject", call_id)

    recording_folder(load_settings()).seal("call-1.wav")  # as it lies after the call
    run("report", call_id, "--out", str(tmp_path / "out"))
    page = (tmp_path / "out" / f"{call_id}.html").read_text("utf-8")
    assert "案例具体" in page
    assert "data:audio/mpeg;base64," in page
    assert (tmp_path / "out" / f"{call_id}.pdf").read_bytes().startswith(b"%PDF-")
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "out").iterdir())


def test_an_unknown_call_is_an_error(call_id: str) -> None:
    for command in (["assess", "nowhere"], ["report", "nowhere"]):
        assert CliRunner().invoke(app, ["hr", *command]).exit_code != 0
