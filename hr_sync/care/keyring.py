"""Keys for data at rest: a few lines in a file that only its owner can read, or in an environment variable.

The last key encrypts; the earlier ones still open what they encrypted. What is really used is derived from them for each purpose
(HKDF-SHA256, RFC 5869), so that one key serves recordings, backups and the audit log without touching itself.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import stat
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hr_sync.errors import SecrecyError

ENVIRONMENT = "HIRELINE_DATA_KEYS"
"""The same lines as in the file; they may be parted by commas."""
KEY_BYTES = 32
_LINE = re.compile(r"([0-9a-f]{8})\s+(?:(\S+)\s+)?([A-Za-z0-9+/]{43}=)")
_HEADER = (
    "# Keys of Hireline's data at rest, oldest first; the last one encrypts. Without them recordings and backups cannot be read:\n"
    "# keep a copy, and not where the data is.\n"
)


class KeyRing:
    """Keys by id.

    Args:
        keys: id (8 hexadecimal digits) to 32 bytes, oldest first.

    Raises:
        SecrecyError: there is none.
    """

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys:
            raise SecrecyError("there is no key for data at rest", remedy="restore the key file, or let a new one be made")
        self._keys = dict(keys)
        self.current = list(keys)[-1]
        """Id of the key that encrypts."""

    @property
    def ids(self) -> tuple[str, ...]:
        """All keys, oldest first."""
        return tuple(self._keys)

    def derive(self, key_id: str, purpose: str, salt: bytes = b"") -> bytes:
        """32 bytes for one purpose. Raises SecrecyError when the key is not here."""
        key = self._keys.get(key_id)
        if key is None:
            raise SecrecyError(
                f"the key {key_id} that encrypted this is not in the key ring", remedy="add its line to the key file"
            )
        return HKDF(SHA256(), KEY_BYTES, salt or None, f"hireline {purpose}".encode()).derive(key)


def load_keys(path: Path) -> KeyRing:
    """The keys of the environment when it has some, else of the file, which is made when it is not there.

    Raises:
        SecrecyError: a line is none of ours, others can read the file, or it cannot be read or made.
    """
    if text := os.environ.get(ENVIRONMENT):
        return KeyRing(_parse(text.replace(",", "\n"), ENVIRONMENT))
    try:
        if not path.exists():
            _add(path, _HEADER)
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SecrecyError(f"the key file cannot be read or made: {error}", where=str(path), remedy="look at its owner") from error
    if mode & 0o077:
        raise SecrecyError(f"others can read the key file (mode {mode:o})", where=str(path), remedy=f"chmod 600 {path}")
    return KeyRing(_parse(text, str(path)))


def rotate(path: Path) -> KeyRing:
    """Add a new key, which encrypts from now on. Raises SecrecyError, also when the keys are in the environment."""
    if os.environ.get(ENVIRONMENT):
        raise SecrecyError("the keys are in the environment", where=ENVIRONMENT, remedy="add a line there")
    load_keys(path)
    _add(path, "")
    return load_keys(path)


def _add(path: Path, header: str) -> None:
    """Append a key; a file that is new is made whole by one process alone."""
    line = f"{secrets.token_hex(4)} {datetime.now(UTC):%Y-%m-%d} {base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n"
    if not header:
        with path.open("a", encoding="ascii") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(header + line)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)  # fails when another process was quicker
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _parse(text: str, where: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = _LINE.fullmatch(line.strip())
        try:
            key = base64.b64decode(parts[3], validate=True) if parts else b""
        except binascii.Error:
            key = b""
        if parts is None or len(key) != KEY_BYTES or parts[1] in keys:
            raise SecrecyError(f"line {number} is no key, or is there twice", where=where, remedy="restore the key file")
        keys[parts[1]] = key
    return keys
