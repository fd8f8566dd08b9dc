"""The audit log: who did what to whose data. Written at its end only; a line that was changed, moved or taken out is found.

Each line carries a seal, an HMAC-SHA256 over its content and the seal before it. The key is not in the database, so that who can
write the file cannot make the chain fit again. Lines cut off at the end leave no gap behind: `verify` therefore tells the last
number and seal, and finds the cut when it is given those it told before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from hr_sync.care.keyring import KeyRing
from hr_sync.errors import SecrecyError
from hr_sync.store.connection import Connections
from hr_sync.store.rows import Row, to_json, utc

_FIELDS = ("number", "at", "actor", "action", "subject", "details", "key_id")
_BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One deed."""

    number: int
    at: datetime
    actor: str
    """`key:ID`, `user:NAME` or `system`."""
    action: str
    subject: str
    """Id of whose data it was; empty for many."""
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What `verify` found."""

    lines: int
    head: str
    """`NUMBER:SEAL` of the last line: keep it elsewhere, and give it to a later `verify`."""
    faults: tuple[str, ...]


class AuditLog:
    """The audit log of an HR database.

    Args:
        transactions: of the database's store.
        keys: of data at rest.
        now: the time.
    """

    def __init__(self, transactions: Connections, keys: Callable[[], KeyRing], now: Callable[[], datetime]) -> None:
        self._transactions = transactions
        self._keys = keys
        self._now = now

    def note(self, actor: str, action: str, subject: str, details: Mapping[str, Any] | None = None) -> None:
        """Write a line; no personal data in any part."""
        with self._transactions.write() as db:
            self.note_in(db, actor, action, subject, details)

    def note_in(self, db: Database, actor: str, action: str, subject: str, details: Mapping[str, Any] | None = None) -> None:
        """Write a line inside a transaction someone else opened: both are done, or neither."""
        keys = self._keys()
        last = db.execute("SELECT number, seal FROM audit_log ORDER BY number DESC LIMIT 1").fetchone()
        number, before = last or (0, _BEGINNING)
        row: Row = {
            "number": max(number, _given(db)) + 1,  # a number is never given again, also when its line is gone
            "at": utc(self._now()),
            "actor": actor,
            "action": action,
            "subject": subject,
            "details": to_json(dict(details or {})),
            "key_id": keys.current,
        }
        db.table("audit_log").insert(row | {"seal": _seal(row, before, keys)})

    def lines(self, *, subject: str | None = None, limit: int = 100) -> tuple[AuditLine, ...]:
        """The last lines, newest first; those about one subject when it is given."""
        with self._transactions.read() as db:
            rows = db.query(
                "SELECT * FROM audit_log WHERE subject = coalesce(?, subject) ORDER BY number DESC LIMIT ?", [subject, limit]
            )
            return tuple(
                AuditLine(
                    number=row["number"],
                    at=datetime.fromisoformat(row["at"]),
                    actor=row["actor"],
                    action=row["action"],
                    subject=row["subject"],
                    details=json.loads(row["details"]),
                )
                for row in rows
            )

    def verify(self, head: str | None = None) -> AuditReport:
        """Go through the whole chain.

        Args:
            head: `AuditReport.head` of an earlier time, kept elsewhere: it must still stand in the log.
        """
        keys = self._keys()
        faults: list[str] = []
        seals: dict[int, str] = {0: _BEGINNING}
        number, before = 0, _BEGINNING
        with self._transactions.read() as db:
            for row in _rows(db):
                if row["number"] != number + 1:
                    faults.append(f"lines {number + 1} to {row['number'] - 1} are missing")
                faults += _faults(row, before, keys)
                number, before = row["number"], row["seal"]
                seals[number] = before
            if (given := _given(db)) != number:
                faults.append(f"the last line was {given}, now it is {number}")
        if head is not None:
            known, _, seal = head.partition(":")
            if not known.isdigit() or not hmac.compare_digest(seals.get(int(known), "").encode(), seal.encode()):
                faults.append(f"line {known} of the head that was kept is not in the log as it was")
        return AuditReport(lines=len(seals) - 1, head=f"{number}:{before}", faults=tuple(faults))


def _given(db: Database) -> int:
    """The highest number ever given, which SQLite keeps."""
    (given,) = db.execute("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit_log'), 0)").fetchone()
    return int(given)


def _rows(db: Database) -> Iterator[Row]:
    yield from db.query("SELECT * FROM audit_log ORDER BY number")


def _faults(row: Row, before: str, keys: KeyRing) -> list[str]:
    try:
        sound = hmac.compare_digest(_seal(row, before, keys), row["seal"])
    except SecrecyError:
        return [f"line {row['number']} was sealed with the key {row['key_id']}, which is not here"]
    return [] if sound else [f"line {row['number']} was changed, or a line before it was"]


def _seal(row: Mapping[str, Any], before: str, keys: KeyRing) -> str:
    content = to_json([before, *(row[field] for field in _FIELDS)]).encode()
    return hmac.new(keys.derive(row["key_id"], "audit"), content, hashlib.sha256).hexdigest()
