"""The commands that care for data, from the command line to the file."""

import json
import sqlite3
import zipfile
from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from agi_app import cli
from hr_sync.care import keyring
from hr_sync.care.recordings import RecordingFolder
from hr_sync.errors import ConflictError, SecrecyError
from hr_sync.store import SqliteStore
from hr_sync.store.outbox import Outbox
from tests.unit.store.store_cases import NOW, attempt, result, turn


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("HIRELINE_PATHS__STATE", str(folder))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv(keyring.ENVIRONMENT, raising=False)
    run("hr", "sample")
    return folder


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=code != 0)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.stdout


def test_backed_up_erased_and_restored(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = tmp_path / "a.backup"
    run("hr", "backup", "--to", str(backup))
    assert "12 candidates" in run("hr", "restore", "--from", str(backup), "--check")
    assert "records" in run("hr", "person", "--candidate", "zhang-wei", "--to", str(tmp_path / "zhang.zip"))
    assert "candidates.json" in zipfile.ZipFile(tmp_path / "zhang.zip").namelist()
    run("hr", "erase", "--candidate", "zhang-wei", "--yes")
    assert len(json.loads(run("hr", "candidates", "--json", "-"))) == 11
    with pytest.raises(ConflictError):
        run("hr", "restore", "--from", str(backup), code=1)
    (state / "data.keys").rename(tmp_path / "data.keys")
    monkeypatch.setenv("HIRELINE_PATHS__STATE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("HIRELINE_CARE__KEY_FILE", str(tmp_path / "data.keys"))
    run("hr", "restore", "--from", str(backup))
    assert len(json.loads(run("hr", "candidates", "--json", "-"))) == 12


def test_the_audit_log_tells_and_verifies(state: Path, tmp_path: Path) -> None:
    run("hr", "export", "jobs", "--to", str(tmp_path / "jobs.csv"))
    run("hr", "rotate-key")
    lines = json.loads(run("hr", "audit", "list", "--json", "-"))
    assert [line["action"] for line in lines] == ["keys.rotate", "jobs.export"]
    assert all(line["actor"].startswith("user:") for line in lines)
    head = json.loads(run("hr", "audit", "verify", "--json", "-"))["head"]
    run("hr", "retention")
    run("hr", "audit", "verify", "--head", head)
    connection = sqlite3.connect(state / "hireline.db")
    connection.execute("DROP TRIGGER audit_log_no_update")
    connection.execute("UPDATE audit_log SET actor = 'user:other' WHERE number = 1")
    connection.commit()
    connection.close()
    with pytest.raises(SecrecyError, match="tampered"):
        run("hr", "audit", "verify", code=1)


def test_keys_are_made_listed_and_revoked(state: Path) -> None:
    made = json.loads(run("api", "keys", "create", "--name", "HR", "--scope", "results:read", "--json", "-"))
    assert made["scopes"] == ["results:read"]
    assert made["token"] not in run("api", "keys", "list")
    run("api", "keys", "revoke", made["id"])
    (key,) = json.loads(run("api", "keys", "list", "--json", "-"))
    assert (key["id"], key["role"], key["revoked_at"] is None) == (made["id"], "integration", False)
    run("api", "keys", "create", "--name", "HR", "--scope", "recordings:read", code=2)


def test_dead_letters_are_seen_and_replayed(state: Path) -> None:
    with SqliteStore(state / "hireline.db") as store:
        outbox = Outbox(store.transactions)
        outbox.set_destinations([("hr", "webhook")], NOW)
        store.open_attempt(attempt())
        store.finish(result())
        due = outbox.next_due("hr")
        (delivery,) = outbox.lease("hr", holder="a:1:1", at=due, lease_s=9, limit=9)
        outbox.failed([delivery.id], "HTTP 410", at=due, next_at=None)
    (letter,) = json.loads(run("outbox", "letters", "--json", "-"))
    assert (letter["call_id"], letter["last_error"]) == ("call-1", "HTTP 410")
    assert [(each["waiting"], each["dead"]) for each in json.loads(run("outbox", "status", "--json", "-"))] == [(0, 1)]
    assert "1 will be sent again" in run("outbox", "replay", str(letter["id"]))
    assert [(each["waiting"], each["dead"]) for each in json.loads(run("outbox", "status", "--json", "-"))] == [(1, 0)]
    assert run("outbox", "secret").startswith("whsec_")


def test_a_report_holds_the_recording_also_when_it_is_encrypted(state: Path, tmp_path: Path) -> None:
    folder = RecordingFolder(state / "recordings", lambda: keyring.load_keys(state / "data.keys"))
    folder.path.mkdir()
    soundfile.write(folder.path / "call-1.wav", [[0.1, 0.2]] * 8000, 8000, subtype="PCM_16")
    with SqliteStore(state / "hireline.db") as store:
        store.open_attempt(attempt())
        store.finish(result(recording=str(folder.path / "call-1.wav"), consent={"recording": True}, transcript=[turn()]))
    folder.seal("call-1.wav")
    run("hr", "report", "call-1", "--out", str(tmp_path / "reports"))
    assert "data:audio/" in (tmp_path / "reports" / "call-1.html").read_text("utf-8")
