"""Recordings at rest: encrypted when their call has ended, found by the name their result gives, read from any place in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from hr_sync.care.keyring import KeyRing
from hr_sync.care.sealed import SealedReader, create_sealed, open_sealed
from hr_sync.errors import NotFoundError

SEALED = ".sealed"
PURPOSE = "recording"


class OpenRecording(Protocol):
    """A recording as it sounds, whatever lies on the disk."""

    size: int
    """Bytes of the WAV file."""
    version: str
    """Changes when the content does."""

    def read(self, start: int, length: int) -> bytes:
        """Bytes from `start` on; fewer than `length` only at the end."""

    def close(self) -> None:
        """Give the file back."""


class _Recording:
    def __init__(self, file: BinaryIO | SealedReader, size: int) -> None:
        self._file = file
        self.size = size
        self.version = f"{size:x}"

    def read(self, start: int, length: int) -> bytes:
        """See `OpenRecording.read`."""
        self._file.seek(start)
        pieces: list[bytes] = []
        while length > 0 and (piece := self._file.read(length)):
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """See `OpenRecording.close`."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class RecordingFolder:
    """Where recordings lie.

    Args:
        path: the folder. Only files directly in it are touched, whatever path a result gives.
        keys: of data at rest; asked for when an encrypted recording is met or made.
    """

    path: Path
    keys: Callable[[], KeyRing]

    def open(self, call_id: str, recording: str | None) -> OpenRecording:
        """Open what a result calls its recording.

        Raises:
            NotFoundError: the call was not recorded, or the recording was deleted since.
            SecrecyError: it is encrypted with a key that is not here, or was altered.
        """
        if recording is None:
            raise NotFoundError(f"call {call_id} has no recording", remedy="it is kept only with the candidate's consent")
        name = Path(recording).name
        try:
            return self._open(name)
        except (FileNotFoundError, IsADirectoryError):
            raise NotFoundError(f"the recording of call {call_id} is not there any more", remedy="its time may be over") from None

    def _open(self, name: str) -> OpenRecording:
        try:  # first the plain one: while it is being encrypted both are there
            file = (self.path / name).open("rb")
        except FileNotFoundError:
            sealed = open_sealed(self.path / f"{name}{SEALED}", self.keys(), PURPOSE)
            return _Recording(sealed, sealed.size)
        return _Recording(file, file.seek(0, 2))

    def seal(self, name: str) -> None:
        """Encrypt a recording and delete the plain file. A crash leaves it readable, and doing it again ends what was begun."""
        plain, sealed = self.path / name, self.path / f"{name}{SEALED}"
        draft = self.path / f".{name}.part"
        draft.unlink(missing_ok=True)
        with plain.open("rb") as source, create_sealed(draft, self.keys(), PURPOSE) as sink:
            shutil.copyfileobj(source, sink, 1 << 18)
        draft.replace(sealed)
        plain.unlink()

    def renew(self) -> int:
        """Encrypt with the current key what an earlier one encrypted; how many recordings."""
        keys, count = self.keys(), 0
        for path in sorted(self.path.glob(f"*{SEALED}")):
            with open_sealed(path, keys, PURPOSE) as source:
                if source.key_id == keys.current:
                    continue
                draft = self.path / f".{path.name}.part"
                draft.unlink(missing_ok=True)
                with create_sealed(draft, keys, PURPOSE) as sink:
                    shutil.copyfileobj(source, sink, 1 << 18)
            draft.replace(path)
            count += 1
        return count

    def delete(self, recording: str) -> bool:
        """Delete a recording, plain and encrypted; whether there was any."""
        name = Path(recording).name
        found = False
        for path in (self.path / name, self.path / f"{name}{SEALED}", self.path / f".{name}.part"):
            if path.is_file():
                path.unlink(missing_ok=True)
                found = True
        return found

    def plain(self) -> tuple[str, ...]:
        """Names of recordings that are not encrypted."""
        return tuple(sorted(path.name for path in self.path.glob("*.wav"))) if self.path.is_dir() else ()

    def listed(self) -> tuple[tuple[str, float], ...]:
        """Every recording by its plain name, with the Unix time of its last change."""
        found: dict[str, float] = {}
        for path in self.path.iterdir() if self.path.is_dir() else ():
            if not path.name.startswith(".") and path.is_file():
                found[path.name.removesuffix(SEALED)] = path.stat().st_mtime
        return tuple(sorted(found.items()))
