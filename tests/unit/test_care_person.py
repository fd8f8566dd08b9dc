"""What one person may ask for, what is deleted when its time is over, backups and their way back."""

import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from hr_sync.care.backup import make_backup, restore_backup, verify_backup
from hr_sync.care.keyring import KeyRing
from hr_sync.care.person import PersonalData
from hr_sync.care.recordings import RecordingFolder
from hr_sync.care.retention import Over, Retention
from hr_sync.care.rules import CareRules
from hr_sync.errors import ConflictError, InvalidDataError, NotFoundError, SecrecyError
from hr_sync.records import DoNotCallEntry, DoNotCallReason
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.audit import AuditLog
from hr_sync.store.erasing import Erasing
from hr_sync.store.outbox import Outbox
from tests.unit.store.store_cases import NOW, ZHANG, attempt, learned, result, turn

KEYS = KeyRing({"00000001": bytes(32)})
SOUND = b"RIFF" + bytes(range(256)) * 300


@dataclass
class House:
    state: Path
    store: SqliteStore
    folder: RecordingFolder
    audit: AuditLog

    @property
    def person(self) -> PersonalData:
        return PersonalData(self.store.transactions, self.folder, self.audit)

    def retention(self, **rules: int | None) -> Over:
        care = CareRules.model_validate({"recordings_days": None, "results_days": None} | rules)
        return Retention(self.store, self.folder, self.audit, care, lambda: NOW).apply()

    def recorded(self) -> list[str]:
        return sorted(path.name for path in self.folder.path.iterdir())


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two calls to Zhang Wei, one to Li Na, each with a recording; Zhang's first is encrypted, a destination waits for all."""
    state = tmp_path_factory.mktemp("furnished")
    folder = RecordingFolder(state / "recordings", lambda: KEYS)
    folder.path.mkdir()
    with SqliteStore(state / "hireline.db") as store:
        load_sample(store)
        Outbox(store.transactions).set_destinations([("hr", "webhook")], NOW)
        for number, (candidate, days) in enumerate([("zhang-wei", 400), ("zhang-wei", 10), ("li-na", 400)], 1):
            call_id, ended = f"call-{number}", NOW - timedelta(days=days)
            opened = store.open_attempt(attempt(call_id, candidate=candidate))
            store.learn(call_id, learned(text="我在杭州西湖边"))
            (folder.path / f"{call_id}.wav").write_bytes(SOUND)
            store.finish(
                result(
                    call_id, attempt=opened.attempt, candidate_id=candidate, ended_at=ended, started_at=ended, answered_at=ended,
                    transcript=[turn("我在杭州西湖边")], consent={"recording": True}, recording=str(folder.path / f"{call_id}.wav"),
                )
            )  # fmt: skip
        folder.seal("call-1.wav")
    return state


@pytest.fixture
def house(furnished: Path, tmp_path: Path) -> Iterator[House]:
    state = shutil.copytree(furnished, tmp_path / "state")
    with SqliteStore(state / "hireline.db") as store:
        folder = RecordingFolder(state / "recordings", lambda: KEYS)
        yield House(state, store, folder, AuditLog(store.transactions, lambda: KEYS, lambda: NOW))


def test_a_person_gets_everything_about_them(house: House, tmp_path: Path) -> None:
    house.store.revise_result("call-1", {"interest": "interested"}, reason="decided")
    count = house.person.export("zhang-wei", tmp_path / "zhang.zip", actor="user:li")
    with zipfile.ZipFile(tmp_path / "zhang.zip") as archive:
        assert {"candidates.json", "calls.json", "turns.json", "learned.json", "results.json", "contacts.json", "deliveries.json",
                "result_events.json"} <= set(archive.namelist())  # fmt: skip
        assert archive.read("recordings/call-1.wav") == archive.read("recordings/call-2.wav") == SOUND
        assert "recordings/call-3.wav" not in archive.namelist()
        records = {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}
    assert sum(map(len, records.values())) == count
    assert [row["call_id"] for row in records["calls.json"]] == ["call-1", "call-2"]
    assert records["results.json"][0]["result"]["transcript"][0]["text"] == "我在杭州西湖边"
    assert "li-na" not in json.dumps(records)
    assert (tmp_path / "zhang.zip").stat().st_mode & 0o077 == 0
    with pytest.raises(InvalidDataError):
        house.person.export("zhang-wei", tmp_path / "zhang.zip", actor="user:li")
    assert [line.action for line in house.audit.lines(subject="zhang-wei")] == ["person.export"]


def test_an_erased_person_is_gone_from_every_file(house: House) -> None:
    erased = house.person.erase("zhang-wei", "on request", NOW, actor="user:li")
    assert erased.call_ids == ("call-1", "call-2")
    for ask in (
        lambda: house.store.candidate("zhang-wei"),
        lambda: house.store.result("call-1"),
        lambda: house.store.attempt("call-2"),
    ):
        with pytest.raises(NotFoundError):
            ask()
    assert house.recorded() == ["call-3.wav"]
    assert house.store.check() == ()
    assert [stored.result.call_id for stored in house.store.results()] == ["call-3"]
    left = b"".join(path.read_bytes() for path in house.state.glob("hireline.db*"))
    assert ZHANG.phone.encode() not in left
    assert ZHANG.name.encode() not in left
    assert b"li-na" in left
    (erasure,) = Erasing(house.store.transactions).erasures()
    assert (erasure.candidate_id, erasure.call_ids, erasure.reason) == ("zhang-wei", ("call-1", "call-2"), "on request")
    assert [line.action for line in house.audit.lines(subject="zhang-wei")] == ["person.erase"]
    with pytest.raises(NotFoundError):
        house.person.erase("zhang-wei", "again", NOW, actor="user:li")


def test_a_wish_never_to_be_called_outlives_everything_else(house: House) -> None:
    entry = DoNotCallEntry(number=ZHANG.phone, reason=DoNotCallReason.CANDIDATE_ASKED, at=NOW, call_id="call-1", note="别再打了")
    house.store.block(entry)
    house.person.erase("zhang-wei", "on request", NOW, actor="user:li")
    assert house.store.blocked() == (entry.model_copy(update={"call_id": None, "note": ""}),)


def test_what_belongs_to_a_row_of_the_person_is_theirs(house: House, tmp_path: Path) -> None:
    with house.store.transactions.write() as db:
        db.execute("CREATE TABLE letters (id TEXT PRIMARY KEY, candidate_id TEXT REFERENCES candidates (id)) STRICT")
        db.execute("CREATE TABLE stamps (letter TEXT REFERENCES letters (id) ON DELETE CASCADE, colour TEXT) STRICT")
        db.execute("INSERT INTO letters VALUES ('a', 'zhang-wei'), ('b', 'li-na')")
        db.execute("INSERT INTO stamps VALUES ('a', 'red'), ('b', 'blue')")
    house.person.export("zhang-wei", tmp_path / "zhang.zip", actor="user:li")
    with zipfile.ZipFile(tmp_path / "zhang.zip") as archive:
        assert json.loads(archive.read("stamps.json")) == [{"letter": "a", "colour": "red"}]
    house.person.erase("zhang-wei", "on request", NOW, actor="user:li")
    with house.store.transactions.read() as db:
        assert db.execute("SELECT letters.id, colour FROM letters, stamps").fetchall() == [("b", "blue")]


def test_an_erasure_that_cannot_be_written_down_does_not_happen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise SecrecyError("no key")

    monkeypatch.setattr(house.audit, "note_in", broken)
    with pytest.raises(SecrecyError):
        house.person.erase("zhang-wei", "on request", NOW, actor="user:li")
    assert house.store.candidate("zhang-wei")
    assert len(house.recorded()) == 3


def test_nobody_is_erased_during_a_call(house: House) -> None:
    house.store.open_attempt(attempt("call-9"))
    with pytest.raises(ConflictError, match="call-9"):
        house.person.erase("zhang-wei", "on request", NOW, actor="user:li")
    assert house.store.result("call-1")
    assert house.recorded() == ["call-1.wav.sealed", "call-2.wav", "call-3.wav"]


# ---- retention


def test_recordings_go_when_their_time_is_over_and_readers_hear_of_it(house: House) -> None:
    assert house.retention(recordings_days=180) == Over(2, 0)
    assert house.recorded() == ["call-2.wav"]
    assert [(stored.result.call_id, stored.result.recording is None, stored.revision) for stored in house.store.results()] == [
        ("call-2", False, 1), ("call-1", True, 2), ("call-3", True, 2),
    ]  # fmt: skip
    assert house.retention(recordings_days=180) == Over(0, 0)
    assert [line.action for line in house.audit.lines()] == ["retention"]


def test_calls_go_when_their_time_is_over_and_candidates_stay(house: House) -> None:
    assert house.retention(results_days=365) == Over(0, 2)
    assert [stored.result.call_id for stored in house.store.results()] == ["call-2"]
    assert house.recorded() == ["call-2.wav"]
    assert house.store.candidate("li-na")
    assert house.store.check() == ()


def test_never_means_never(house: House) -> None:
    assert house.retention() == Over(0, 0)
    assert len(house.recorded()) == 3


def test_what_a_crash_left_is_deleted_later(house: House) -> None:
    Erasing(house.store.transactions).erase("zhang-wei", "killed before the files were deleted", NOW)
    assert house.recorded() == ["call-1.wav.sealed", "call-2.wav", "call-3.wav"]
    for name in house.recorded():
        os.utime(house.folder.path / name, (NOW.timestamp() - 7200,) * 2)
    (house.folder.path / "call-new.wav").write_bytes(SOUND)
    os.utime(house.folder.path / "call-new.wav", (NOW.timestamp() - 60,) * 2)
    house.retention()
    assert house.recorded() == ["call-3.wav", "call-new.wav"]


# ---- backups


def everything(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_a_backup_brings_everything_back(house: House, tmp_path: Path) -> None:
    made = make_backup(house.store.path, house.folder.path, KEYS, tmp_path / "a.backup", NOW)
    assert (made.recordings, made.rows["results"], made.made_at) == (3, 3, NOW)
    assert (tmp_path / "a.backup").stat().st_mode & 0o077 == 0
    data = (tmp_path / "a.backup").read_bytes()
    assert ZHANG.phone.encode() not in data
    assert SOUND[:50] not in data

    state = tmp_path / "elsewhere"
    assert restore_backup(tmp_path / "a.backup", KEYS, state) == made
    assert sorted(everything(state / "hireline.db")) == sorted(everything(house.store.path))
    assert sorted(path.name for path in (state / "recordings").iterdir()) == house.recorded()
    assert sorted(path.name for path in state.iterdir()) == ["hireline.db", "recordings"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in state.rglob("*"))
    with SqliteStore(state / "hireline.db") as store:
        assert store.result("call-1") == house.store.result("call-1")
        assert AuditLog(store.transactions, lambda: KEYS, lambda: NOW).verify().faults == ()
        opened = RecordingFolder(state / "recordings", lambda: KEYS).open("call-1", store.result("call-1").recording)
        assert opened.read(0, opened.size) == SOUND
        opened.close()


def test_a_backup_is_made_while_others_write(house: House, tmp_path: Path) -> None:
    with house.store.transactions.write() as db:
        db.execute("UPDATE candidates SET city = '上海'")
        make_backup(house.store.path, house.folder.path, KEYS, tmp_path / "a.backup", NOW)
    restore_backup(tmp_path / "a.backup", KEYS, tmp_path / "elsewhere")
    with SqliteStore(tmp_path / "elsewhere" / "hireline.db") as store:
        assert store.candidate("zhang-wei").city == ZHANG.city, "what was not committed is not in it"


def test_nothing_is_written_over(house: House, tmp_path: Path) -> None:
    make_backup(house.store.path, house.folder.path, KEYS, tmp_path / "a.backup", NOW)
    with pytest.raises(ConflictError, match="already"):
        make_backup(house.store.path, house.folder.path, KEYS, tmp_path / "a.backup", NOW)
    before = everything(house.store.path)
    with pytest.raises(ConflictError, match="already"):
        restore_backup(tmp_path / "a.backup", KEYS, house.state)
    assert everything(house.store.path) == before


@pytest.mark.parametrize("place", [0.001, 0.3, 0.9])
def test_a_damaged_backup_is_refused_and_nothing_is_restored(house: House, tmp_path: Path, place: float) -> None:
    path = tmp_path / "a.backup"
    make_backup(house.store.path, house.folder.path, KEYS, path, NOW)
    data = bytearray(path.read_bytes())
    whole = bytes(data)
    data[40 + int(place * (len(data) - 41))] ^= 1
    for damaged in (bytes(data), whole[: len(whole) // 2], whole[: len(whole) - 1], b"", bytes(4000)):
        path.write_bytes(damaged)
        with pytest.raises(SecrecyError):
            verify_backup(path, KEYS)
        with pytest.raises(SecrecyError):
            restore_backup(path, KEYS, tmp_path / "elsewhere")
    assert not any((tmp_path / "elsewhere").iterdir())
    path.write_bytes(whole)
    with pytest.raises(SecrecyError, match="00000001"):
        restore_backup(path, KeyRing({"00000002": bytes(32)}), tmp_path / "elsewhere")


def test_a_backup_that_fails_leaves_nothing(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hr_sync.care.backup.verify_backup", full)
    with pytest.raises(OSError, match="No space"):
        make_backup(house.store.path, house.folder.path, KEYS, tmp_path / "a.backup", NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    assert not list(house.state.glob(".backup-*"))
