"""Files encrypted at rest: AES-256-GCM in segments, so that any place can be read without the rest, and nothing can be altered,
moved, cut off or appended unnoticed.

    magic 8 | key id 8 | salt 16 | segments of 64 KiB, each followed by its 16 byte tag

Each file has a key of its own, derived from the key ring's with the salt. A segment's nonce is its number and whether it is the
last: the construction of Tink's AES-GCM-HKDF streaming encryption (https://developers.google.com/tink/streaming-aead).
"""

from __future__ import annotations

import io
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hr_sync.care.keyring import KeyRing
from hr_sync.errors import SecrecyError

MAGIC = b"HRLSEAL1"
SEGMENT = 1 << 16
TAG = 16
_ID, _SALT = 8, 16
HEADER = len(MAGIC) + _ID + _SALT


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class SealWriter(io.RawIOBase):
    """Encrypts what is written to it. The file is whole only after `close`.

    Args:
        sink: opened for writing; closed with this.
        keys: the current one encrypts.
        purpose: what it is, e.g. `recording`: one thing cannot pass for another.
    """

    def __init__(self, sink: BinaryIO, keys: KeyRing, purpose: str) -> None:
        super().__init__()
        salt = secrets.token_bytes(_SALT)
        self._sink = sink
        self._header = MAGIC + keys.current.encode("ascii") + salt
        self._cipher = AESGCM(keys.derive(keys.current, purpose, salt))
        self._rest = bytearray()
        self._number = 0
        sink.write(self._header)

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take bytes; whole segments are written on."""
        self._rest += data
        while len(self._rest) > SEGMENT:  # the last one waits: it is marked
            self._put(bytes(self._rest[:SEGMENT]), last=False)
            del self._rest[:SEGMENT]
        return len(data)

    def close(self) -> None:
        """Write the last segment; durable when it returns."""
        if not self.closed:
            self._put(bytes(self._rest), last=True)
            self._sink.flush()
            os.fsync(self._sink.fileno())
            self._sink.close()
        super().close()

    def _put(self, segment: bytes, *, last: bool) -> None:
        self._sink.write(self._cipher.encrypt(_nonce(self._number, last=last), segment, self._header))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Reads what a SealWriter wrote, from any place.

    Raises:
        SecrecyError: the key is not here, or the file is none of ours or was altered.
    """

    def __init__(self, source: BinaryIO, keys: KeyRing, purpose: str, *, where: str) -> None:
        super().__init__()
        self._source = source
        self._where = where
        self._header = source.read(HEADER)
        if len(self._header) < HEADER or not self._header.startswith(MAGIC):
            raise SecrecyError("this is no file that Hireline encrypted", where=where, remedy="name another file")
        self.key_id = self._header[len(MAGIC) : len(MAGIC) + _ID].decode("ascii", "replace")
        self._cipher = AESGCM(keys.derive(self.key_id, purpose, self._header[-_SALT:]))
        sealed = source.seek(0, io.SEEK_END) - HEADER
        self._segments = -(-sealed // (SEGMENT + TAG))
        self.size = sealed - self._segments * TAG
        """Bytes of the content."""
        if self._segments == 0 or self.size < 0:
            raise self._altered()
        self._at = 0
        self._number, self._segment = -1, b""
        self._open(self._segments - 1)  # a file that was cut off has no last segment

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As for files."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """As for files."""
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Up to the end of a segment at a time. Raises SecrecyError when it was altered."""
        if self._at >= self.size:
            return 0
        number, inside = divmod(self._at, SEGMENT)
        piece = self._open(number)[inside : inside + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        """Close the file too."""
        self._source.close()
        super().close()

    def _open(self, number: int) -> bytes:
        if number != self._number:
            self._source.seek(HEADER + number * (SEGMENT + TAG))
            sealed = self._source.read(SEGMENT + TAG)
            try:
                self._segment = self._cipher.decrypt(_nonce(number, last=number == self._segments - 1), sealed, self._header)
            except InvalidTag:
                raise self._altered() from None
            self._number = number
        return self._segment

    def _altered(self) -> SecrecyError:
        return SecrecyError("the encrypted file was altered or cut off", where=self._where, remedy="restore it from a backup")


def open_sealed(path: Path, keys: KeyRing, purpose: str) -> SealedReader:
    """Open an encrypted file. Raises SecrecyError, and OSError as `open` does."""
    source = path.open("rb")
    try:
        return SealedReader(source, keys, purpose, where=str(path))
    except BaseException:
        source.close()
        raise


def create_sealed(path: Path, keys: KeyRing, purpose: str) -> SealWriter:
    """Make a new encrypted file, readable by its owner alone. Raises FileExistsError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return SealWriter(os.fdopen(handle, "wb"), keys, purpose)
