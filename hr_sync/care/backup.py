"""Backups: database and recordings in one encrypted file, read back and compared before it counts.

The keys are not in it: without them a backup is noise, with them beside it the encryption would be for nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from hr_sync.care.keyring import KeyRing
from hr_sync.care.sealed import create_sealed, open_sealed
from hr_sync.errors import ConflictError, SecrecyError, StoreCorruptError
from hr_sync.store.sqlite import SqliteStore

PURPOSE = "backup"
_DATABASE, _MANIFEST = "hireline.db", "manifest.json"
_FORMAT = 1

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What is in a backup."""

    made_at: datetime
    recordings: int
    bytes: int
    rows: dict[str, int]
    """By table."""


def make_backup(
    database: Path, recordings: Path, keys: KeyRing, to: Path, at: datetime, progress: Progress = lambda _: None
) -> BackupReport:
    """Back up while everything runs. Blocks.

    Args:
        database: the HR database.
        recordings: folder of the recordings.
        keys: the current one encrypts.
        to: the file to make.
        at: now.
        progress: told what is being done.

    Raises:
        ConflictError: the file is there already.
        SecrecyError: what was written cannot be read back as it was.
    """
    if to.exists():
        raise ConflictError("the backup file is there already", where=str(to), remedy="name another one")
    to.parent.mkdir(parents=True, exist_ok=True)
    draft = to.with_name(f".{to.name}.part")
    draft.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=database.parent) as folder:
        stage = Path(folder)
        progress("copying the database")
        rows = _copy_database(database, stage / _DATABASE)
        _link_recordings(recordings, stage)  # after the database: what it names is there
        files = sorted(path for path in stage.rglob("*") if path.is_file())
        progress("reading the files")
        sums = {str(path.relative_to(stage)): {"bytes": path.stat().st_size, "sha256": _sha256(path)} for path in files}
        manifest = {"format": _FORMAT, "made_at": at.isoformat(), "rows": rows, "files": sums}
        progress(f"writing {len(files)} files")
        try:
            with create_sealed(draft, keys, PURPOSE) as sink, tarfile.open(fileobj=sink, mode="w|") as archive:
                _add_bytes(archive, _MANIFEST, json.dumps(manifest).encode())
                for path in files:
                    archive.add(path, str(path.relative_to(stage)), recursive=False)
            progress("reading it back")
            report = verify_backup(draft, keys)
            draft.rename(to)
        finally:
            draft.unlink(missing_ok=True)
    return report


def verify_backup(path: Path, keys: KeyRing) -> BackupReport:
    """Read a backup to its end and compare everything with what its manifest says. Raises SecrecyError."""
    with _opened(path, keys) as (manifest, members):
        for name, content in members:
            with content:
                _compare(path, manifest, name, _copy(content, None))
    return _report(manifest)


def restore_backup(path: Path, keys: KeyRing, state: Path, progress: Progress = lambda _: None) -> BackupReport:
    """Put a backup's database and recordings into an empty state folder. All of it, or nothing.

    Raises:
        ConflictError: there is a database, or are recordings, already.
        SecrecyError: a key is missing, or the backup was altered or cut off.
        StoreCorruptError: the database in it is not sound.
    """
    database, recordings = state / _DATABASE, state / "recordings"
    if database.exists() or (recordings.is_dir() and any(recordings.iterdir())):
        raise ConflictError(
            "there is a database, or are recordings, in the state folder already",
            where=str(state),
            remedy="move them away, or set paths.state to an empty folder",
        )
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=state) as folder:
        stage = Path(folder)
        (stage / "recordings").mkdir(mode=0o700)
        progress("reading the backup")
        with _opened(path, keys) as (manifest, members):
            for name, content in members:
                with content:
                    _compare(path, manifest, name, _copy(content, _target(stage, name)))
        progress("examining the database")
        with SqliteStore(stage / _DATABASE) as store:
            problems = store.check()
        if problems:
            raise StoreCorruptError(
                f"the database in the backup is not sound: {problems[0]}", where=str(path), remedy="take another"
            )
        with closing(sqlite3.connect(stage / _DATABASE)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if recordings.is_dir():
            recordings.rmdir()
        (stage / "recordings").rename(recordings)
        (stage / _DATABASE).rename(database)
    return _report(manifest)


def _copy_database(database: Path, to: Path) -> dict[str, int]:
    """A copy as of one moment, while others write (https://www.sqlite.org/lang_vacuum.html#vacuuminto)."""
    to.touch(0o600)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.execute("VACUUM INTO ?", [str(to)])
    with closing(sqlite3.connect(to)) as copy:
        tables = [
            name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        ]
        return {table: copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}  # noqa: S608 - our names


def _link_recordings(recordings: Path, stage: Path) -> None:
    """Links do not take space, and keep a file that is deleted or encrypted meanwhile."""
    (stage / "recordings").mkdir()
    for path in sorted(recordings.iterdir()) if recordings.is_dir() else []:
        if path.is_file() and not path.name.startswith("."):
            try:
                (stage / "recordings" / path.name).hardlink_to(path)
            except FileNotFoundError:
                continue


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


@contextmanager
def _opened(path: Path, keys: KeyRing) -> Iterator[tuple[dict[str, Any], Iterator[tuple[str, Any]]]]:
    """The manifest, and each file with its content; every file of the manifest must come."""
    try:
        with (
            open_sealed(path, keys, PURPOSE) as source,
            tarfile.open(fileobj=io.BufferedReader(source, 1 << 18), mode="r|") as archive,
        ):
            first = archive.next()
            content = archive.extractfile(first) if first is not None and first.name == _MANIFEST else None
            if content is None:
                raise _foreign(path)
            manifest = json.loads(content.read())
            if manifest.get("format") != _FORMAT:
                raise _foreign(path)
            left = set(manifest["files"])
            yield manifest, _members(path, archive, left)
            if left:
                raise _foreign(path)
    except (tarfile.TarError, ValueError) as error:
        raise _foreign(path) from error


def _members(path: Path, archive: tarfile.TarFile, left: set[str]) -> Iterator[tuple[str, Any]]:
    while (member := archive.next()) is not None:
        content = archive.extractfile(member) if member.isfile() and member.name in left else None
        if content is None:
            raise _foreign(path)
        left.discard(member.name)
        yield member.name, content


def _foreign(path: Path) -> SecrecyError:
    return SecrecyError("this is no whole backup of this version's form", where=str(path), remedy="take another backup")


def _target(stage: Path, name: str) -> Path:
    """Where a file goes: the database, or a recording; no other place."""
    return stage / _DATABASE if name == _DATABASE else stage / "recordings" / Path(name).name


def _copy(content: BinaryIO, target: Path | None) -> tuple[int, str]:
    """Copy, or only read; size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600) if target else os.open(os.devnull, os.O_WRONLY)
    with os.fdopen(handle, "wb") as sink:
        while piece := content.read(1 << 18):
            digest.update(piece)
            size += len(piece)
            sink.write(piece)
        sink.flush()
        if target is not None:
            os.fsync(sink.fileno())
    return size, digest.hexdigest()


def _compare(path: Path, manifest: dict[str, Any], name: str, found: tuple[int, str]) -> None:
    said = manifest["files"][name]
    if found != (said["bytes"], said["sha256"]):
        raise SecrecyError(f"{name} in the backup is not what its manifest says", where=str(path), remedy="take another backup")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _report(manifest: dict[str, Any]) -> BackupReport:
    files = manifest["files"]
    return BackupReport(
        made_at=datetime.fromisoformat(manifest["made_at"]),
        recordings=len(files) - 1,
        bytes=sum(each["bytes"] for each in files.values()),
        rows=manifest["rows"],
    )
