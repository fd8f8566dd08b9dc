"""Recordings at rest: found by the name their result gives, read from any place in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from hr_sync.errors import NotFoundError


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


class PlainRecording:
    """A WAV file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self.version = f"{self.size:x}"

    def read(self, start: int, length: int) -> bytes:
        """See `OpenRecording.read`."""
        self._file.seek(start)
        return self._file.read(length)

    def close(self) -> None:
        """See `OpenRecording.close`."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class RecordingFolder:
    """Where recordings lie.

    Args:
        path: the folder. Only files directly in it are opened, whatever path a result gives.
    """

    path: Path

    def open(self, call_id: str, recording: str | None) -> OpenRecording:
        """Open what a result calls its recording.

        Raises:
            NotFoundError: the call was not recorded, or the recording was deleted since.
        """
        if recording is None:
            raise NotFoundError(f"call {call_id} has no recording", remedy="it is kept only with the candidate's consent")
        try:
            file = (self.path / Path(recording).name).open("rb")
        except (FileNotFoundError, IsADirectoryError):
            raise NotFoundError(f"the recording of call {call_id} is not there any more", remedy="its time may be over") from None
        return PlainRecording(file)
