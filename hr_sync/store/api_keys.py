"""Keys of the REST API. Only a digest of the secret is stored.

The secret is 256 random bits, so a plain SHA-256 of it is as good as any: nobody can go through 2^256 guesses. A slow password hash
protects words that people think of; here it would only make every request slow, and floods of them cheap for the sender.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from hr_sync.errors import InvalidDataError, NotFoundError
from hr_sync.store.connection import Connections
from hr_sync.store.rows import Row, to_json, utc

_TOKEN = re.compile(r"hl_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_USE_NOTED_EVERY = timedelta(minutes=5)
"""So that reading does not write each time."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    name: str
    role: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    """To within five minutes."""
    revoked_at: datetime | None = None

    def usable(self, at: datetime) -> bool:
        """Whether it opens anything at this time."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class ApiKeys:
    """The keys in an HR database.

    Args:
        transactions: of the database's store.
    """

    def __init__(self, transactions: Connections) -> None:
        self._transactions = transactions

    def create(
        self, name: str, *, role: str, scopes: Iterable[str], at: datetime, expires_at: datetime | None = None
    ) -> tuple[ApiKey, str]:
        """Make a key.

        Returns:
            The key, and the token a caller sends. The token cannot be had again.

        Raises:
            InvalidDataError: no name, or an end before the beginning.
        """
        if not name.strip() or len(name) > 80:
            raise InvalidDataError("a key needs a name of at most 80 characters", remedy="name who will use it")
        if expires_at is not None and expires_at <= at:
            raise InvalidDataError("the key would have ended before it began", remedy="give a later end")
        secret = secrets.token_urlsafe(32)
        row = {
            "id": secrets.token_hex(6),
            "name": name.strip(),
            "role": role,
            "scopes": to_json(sorted(scopes)),
            "secret_sha256": _digest(secret),
            "created_at": utc(at),
            "expires_at": None if expires_at is None else utc(expires_at),
        }
        with self._transactions.write() as db:
            db.table("api_keys").insert(row)
        return _key(row), f"hl_{row['id']}_{secret}"

    def list(self) -> tuple[ApiKey, ...]:
        """All keys, oldest first, revoked ones included."""
        with self._transactions.read() as db:
            return tuple(_key(row) for row in db.query("SELECT * FROM api_keys ORDER BY created_at, id"))

    def revoke(self, key_id: str, at: datetime) -> bool:
        """End a key at once; False when it was revoked already. Raises NotFoundError."""
        with self._transactions.write() as db:
            _row(db, key_id)
            done = db.execute("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", [utc(at), key_id])
            return done.rowcount == 1

    def find(self, token: str, at: datetime) -> ApiKey | None:
        """The key a token belongs to, usable now; None for every other token, without telling why."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        with self._transactions.read() as db:
            row = next(iter(db.query("SELECT * FROM api_keys WHERE id = ?", [parts[1]])), None)
        stored = row["secret_sha256"] if row else _digest("")
        if not hmac.compare_digest(_digest(parts[2]), stored) or row is None:
            return None
        key = _key(row)
        if not key.usable(at):
            return None
        if key.last_used_at is None or at - key.last_used_at >= _USE_NOTED_EVERY:
            with self._transactions.write() as db:
                db.execute("UPDATE api_keys SET last_used_at = ? WHERE id = ?", [utc(at), key.id])
        return key


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _row(db: Database, key_id: str) -> Row:
    for row in db.query("SELECT * FROM api_keys WHERE id = ?", [key_id]):
        return row
    raise NotFoundError(f"there is no API key {key_id}", remedy="hireline api keys lists them")


def _key(row: Row) -> ApiKey:
    def time(name: str) -> datetime | None:
        return datetime.fromisoformat(row[name]) if row.get(name) else None

    return ApiKey(
        id=row["id"],
        name=row["name"],
        role=row["role"],
        scopes=frozenset(json.loads(row["scopes"])),
        created_at=datetime.fromisoformat(row["created_at"]),
        expires_at=time("expires_at"),
        last_used_at=time("last_used_at"),
        revoked_at=time("revoked_at"),
    )
