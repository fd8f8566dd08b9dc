"""Encryption at rest: keys, encrypted files, recordings."""

import io
import secrets
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hr_sync.care import keyring
from hr_sync.care.keyring import KeyRing, load_keys
from hr_sync.care.recordings import RecordingFolder
from hr_sync.care.sealed import HEADER, SEGMENT, TAG, SealedReader, SealWriter, create_sealed, open_sealed
from hr_sync.care.sealer import seal_ended
from hr_sync.errors import NotFoundError, SecrecyError
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from tests.unit.store.store_cases import attempt, result

KEYS = KeyRing({"00000001": bytes(32), "00000002": bytes(range(32))})


def sealed(content: bytes, keys: KeyRing = KEYS, purpose: str = "recording") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sealed"
        with SealWriter(path.open("wb"), keys, purpose) as writer:
            writer.write(content)
        return path.read_bytes()


def reader(data: bytes, keys: KeyRing = KEYS, purpose: str = "recording") -> SealedReader:
    return SealedReader(io.BytesIO(data), keys, purpose, where="here")


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 3 * SEGMENT + 5])
def test_what_was_written_is_read(size: int) -> None:
    content = secrets.token_bytes(size)
    data = sealed(content)
    opened = reader(data)
    assert (opened.size, opened.read()) == (size, content)
    assert content[:64] not in data or size < 16
    assert sealed(content) != data, "no two files look the same"


@settings(max_examples=60, deadline=None)
@given(start=st.integers(0, 3 * SEGMENT), length=st.integers(0, 2 * SEGMENT))
def test_any_place_can_be_read(start: int, length: int) -> None:
    content = bytes(range(256)) * (5 * SEGMENT // 512)
    opened = reader(sealed(content))
    opened.seek(start)
    got = b""
    while len(got) < length and (piece := opened.read(length - len(got))):
        got += piece
    assert got == content[start : start + length]


def test_nothing_can_be_altered_moved_cut_off_or_appended() -> None:
    content = bytes(3 * SEGMENT + 7)
    data = sealed(content)
    one = SEGMENT + TAG
    first, second, rest = data[HEADER : HEADER + one], data[HEADER + one : HEADER + 2 * one], data[HEADER + 2 * one :]
    forged = {
        "a bit": data[: HEADER + 9] + bytes([data[HEADER + 9] ^ 1]) + data[HEADER + 10 :],
        "the salt": data[:20] + bytes([data[20] ^ 1]) + data[21:],
        "exchanged": data[:HEADER] + second + first + rest,
        "without the end": data[: HEADER + 3 * one],
        "without one segment": data[:HEADER] + first + rest,
        "a byte less": data[:-1],
        "a byte more": data + b"\0",
        "more segments": data + first,
        "the header alone": data[:HEADER],
    }
    for altered in forged.values():
        with pytest.raises(SecrecyError, match="altered or cut off"):
            reader(altered).read()


def test_one_thing_does_not_pass_for_another() -> None:
    with pytest.raises(SecrecyError, match="altered"):
        reader(sealed(b"x", purpose="backup"))
    with pytest.raises(SecrecyError, match="00000002"):
        reader(sealed(b"x"), KeyRing({"00000001": bytes(32)}))
    with pytest.raises(SecrecyError, match="no file that Hireline encrypted"):
        reader(b"RIFF" + bytes(100))
    assert reader(sealed(b"x", KeyRing({"00000001": bytes(32)}))).read() == b"x", "an earlier key still opens"


# ---- keys


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keyring.ENVIRONMENT, raising=False)
    path = tmp_path / "state" / "data.keys"
    first = load_keys(path)
    assert load_keys(path).derive(first.current, "a") == first.derive(first.current, "a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second = keyring.rotate(path)
    assert second.ids == (first.current, second.current)
    assert second.derive(first.current, "a") == first.derive(first.current, "a")
    assert len({second.derive(key, purpose) for key in second.ids for purpose in "ab"}) == 4
    path.chmod(0o640)
    with pytest.raises(SecrecyError, match="others can read"):
        load_keys(path)


def test_keys_of_the_environment_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keyring.ENVIRONMENT, "0000000a " + "A" * 43 + "=,0000000b 2026-01-01 " + "B" * 42 + "E=")
    assert load_keys(tmp_path / "none").ids == ("0000000a", "0000000b")
    assert not (tmp_path / "none").exists()
    with pytest.raises(SecrecyError, match="environment"):
        keyring.rotate(tmp_path / "none")


@pytest.mark.parametrize("text", ["x", "0000000a short=", "0000000a " + "A" * 43 + "=\n0000000a " + "A" * 43 + "=", "# none\n"])
def test_a_damaged_key_file_is_refused_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.delenv(keyring.ENVIRONMENT, raising=False)
    path = tmp_path / "data.keys"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SecrecyError) as refused:
        load_keys(path)
    assert "AAAA" not in str(refused.value)


# ---- recordings

SOUND = b"RIFF" + bytes(range(256)) * 700


@pytest.fixture
def folder(tmp_path: Path) -> RecordingFolder:
    (tmp_path / "call-1.wav").write_bytes(SOUND)
    (tmp_path / "call-2.wav").write_bytes(SOUND)
    return RecordingFolder(tmp_path, lambda: KEYS)


def whole(folder: RecordingFolder, name: str = "call-1.wav") -> bytes:
    recording = folder.open("call-1", f"/var/recordings/{name}")
    try:
        assert recording.read(1000, 70_000) == SOUND[1000:71_000]
        return recording.read(0, recording.size)
    finally:
        recording.close()


def test_a_recording_sounds_the_same_when_it_is_encrypted(folder: RecordingFolder) -> None:
    before = whole(folder)
    folder.seal("call-1.wav")
    assert whole(folder) == before == SOUND
    (left,) = folder.path.glob("call-1*")
    assert left.name == "call-1.wav.sealed"
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    assert SOUND[:100] not in left.read_bytes()


def test_a_crash_while_encrypting_loses_nothing(folder: RecordingFolder) -> None:
    (folder.path / ".call-1.wav.part").write_bytes(b"half")
    folder.seal("call-1.wav")
    (folder.path / "call-1.wav").write_bytes(SOUND)  # killed before the plain file was deleted
    assert whole(folder) == SOUND
    folder.seal("call-1.wav")
    assert sorted(path.name for path in folder.path.iterdir()) == ["call-1.wav.sealed", "call-2.wav"]


def test_only_recordings_of_ended_calls_are_encrypted(folder: RecordingFolder, tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "hr.db") as store:
        load_sample(store)
        store.open_attempt(attempt("call-1"))
        store.open_attempt(attempt("call-2"))
        store.finish(result("call-2", attempt=2, recording=str(tmp_path / "call-2.wav"), consent={"recording": True}))
        assert seal_ended(store, folder) == 1
        assert seal_ended(store, folder) == 0
    assert folder.plain() == ("call-1.wav",)
    assert whole(folder, "call-2.wav") == SOUND


def test_a_new_key_takes_over(folder: RecordingFolder) -> None:
    old = RecordingFolder(folder.path, lambda: KeyRing({"00000001": bytes(32)}))
    old.seal("call-1.wav")
    assert whole(folder) == SOUND
    assert (folder.renew(), folder.renew()) == (1, 0)
    assert whole(folder) == SOUND
    with pytest.raises(SecrecyError, match="00000002"):
        whole(old)


def test_deleted_is_deleted(folder: RecordingFolder) -> None:
    folder.seal("call-1.wav")
    (folder.path / ".call-1.wav.part").write_bytes(b"half")
    assert folder.delete("/elsewhere/call-1.wav")
    assert not folder.delete("call-1.wav")
    assert [path.name for path in folder.path.iterdir()] == ["call-2.wav"]
    with pytest.raises(NotFoundError):
        folder.open("call-1", "call-1.wav")


def test_an_encrypted_file_is_never_written_over(tmp_path: Path) -> None:
    with create_sealed(tmp_path / "a", KEYS, "backup") as sink:
        sink.write(b"first")
    with pytest.raises(FileExistsError):
        create_sealed(tmp_path / "a", KEYS, "backup")
    with open_sealed(tmp_path / "a", KEYS, "backup") as source:
        assert source.read() == b"first"
