"""The outbox: which results wait for which destination. Rows are written in the transaction that writes the result.

A delivery is leased while somebody works on it. A lease that runs out, because its holder was killed, frees the delivery: it is
sent again, under the same idempotency key. So everything arrives at least once, and a receiver that knows the key takes it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from hr_sync.errors import NotFoundError
from hr_sync.records import CallResult
from hr_sync.store.connection import Connections
from hr_sync.store.rows import Row, utc


@dataclass(frozen=True, slots=True)
class Delivery:
    """One revision of one result on its way to one destination."""

    id: int
    destination: str
    call_id: str
    revision: int
    cursor: int
    attempts: int
    """Made so far, the one under way not counted."""
    result: CallResult
    batch: int | None = None
    """Deliveries of one file carry the same number, also when they are sent again."""

    @property
    def key(self) -> str:
        """The idempotency key: the same whenever this revision is sent."""
        return f"{self.call_id}:{self.revision}"


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """How a destination stands."""

    name: str
    kind: str
    active: bool
    waiting: int
    delivered: int
    dead: int
    oldest_waiting_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up."""

    id: int
    destination: str
    call_id: str
    revision: int
    attempts: int
    last_error: str
    settled_at: datetime


def enqueue(db: Database, call_id: str, revision: int, cursor: int, at: str) -> None:
    """Put a revision into the outbox for every active destination; an older one that still waits needs not go out any more."""
    db.execute(
        "UPDATE deliveries SET state = 'superseded', settled_at = ?"
        " WHERE call_id = ? AND revision < ? AND state IN ('waiting', 'dead')",
        [at, call_id, revision],
    )
    db.execute(
        "INSERT INTO deliveries (destination, call_id, revision, cursor, state, attempts, next_at)"
        " SELECT name, ?, ?, ?, 'waiting', 0, ? FROM destinations WHERE active",
        [call_id, revision, cursor, at],
    )


class Outbox:
    """The outbox of an HR database.

    Args:
        transactions: of the database's store.
    """

    def __init__(self, transactions: Connections) -> None:
        self._transactions = transactions

    def set_destinations(self, destinations: Iterable[tuple[str, str]], at: datetime) -> None:
        """Say which destinations there are, by name and kind. A new one gets every result there is; one left out gets no more."""
        wanted = dict(destinations)
        with self._transactions.write() as db:
            known = {row["name"]: row for row in db.query("SELECT * FROM destinations")}
            for name in known.keys() - wanted.keys():
                db.execute("UPDATE destinations SET active = 0 WHERE name = ? AND active", [name])
            for name, kind in wanted.items():
                row = known.get(name)
                if row is not None and (row["active"], row["kind"]) == (1, kind):
                    continue
                db.execute(
                    "INSERT INTO destinations (name, kind, active, added_at) VALUES (:name, :kind, 1, :at)"
                    " ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, active = 1",
                    {"name": name, "kind": kind, "at": utc(at)},
                )
                db.execute(
                    "INSERT INTO deliveries (destination, call_id, revision, cursor, state, attempts, next_at)"
                    " SELECT ?, call_id, revision, cursor, 'waiting', 0, ? FROM results WHERE true ORDER BY cursor"
                    " ON CONFLICT DO NOTHING",
                    [name, utc(at)],
                )

    def free_leases(self, is_alive: Callable[[str], bool | None]) -> int:
        """Free what dead processes held, without waiting for their leases to run out; how many deliveries.

        Args:
            is_alive: hr_sync.owner.is_alive; a holder it cannot tell about keeps its lease.
        """
        with self._transactions.write() as db:
            holders = db.execute("SELECT DISTINCT leased_by FROM deliveries WHERE state = 'waiting' AND leased_by IS NOT NULL")
            dead = [holder for (holder,) in holders.fetchall() if is_alive(holder) is False]
            marks = ",".join("?" * len(dead))
            freed = db.execute(
                f"UPDATE deliveries SET leased_until = NULL, leased_by = NULL WHERE state = 'waiting' AND leased_by IN ({marks})",  # noqa: S608
                dead,
            )
            return int(freed.rowcount)

    def lease(
        self, destination: str, *, holder: str, at: datetime, lease_s: float, limit: int, batched: bool = False
    ) -> tuple[Delivery, ...]:
        """Take deliveries that are due, in the order of cursors, for as long as the lease lasts.

        Args:
            destination: its name.
            holder: who takes them (hr_sync.owner), so that a successor need not wait when it dies.
            at: now.
            lease_s: how long nobody else gets them.
            limit: at most so many.
            batched: they belong together from now on: what is not settled comes back with the same batch number and company.
        """
        now = utc(at)
        with self._transactions.write() as db:
            due = self._due(db, destination, now, limit, batched=batched)
            if not due:
                return ()
            batch = (due[0]["batch"] or due[0]["cursor"]) if batched else None
            until = utc(at + timedelta(seconds=lease_s))
            db.conn.executemany(
                "UPDATE deliveries SET leased_until = ?, leased_by = ?, batch = ? WHERE id = ?",
                [(until, holder, batch, row["id"]) for row in due],
            )
            documents = self._documents(db, [row["call_id"] for row in due])
        # A result may be gone since (its time was over): there is nothing to send then.
        gone = [row["id"] for row in due if row["call_id"] not in documents]
        if gone:
            self.supersede(gone, at)
        return tuple(
            Delivery(
                id=row["id"],
                destination=destination,
                call_id=row["call_id"],
                revision=row["revision"],
                cursor=row["cursor"],
                attempts=row["attempts"],
                result=CallResult.model_validate_json(documents[row["call_id"]]),
                batch=batch,
            )
            for row in due
            if row["call_id"] in documents
        )

    @staticmethod
    def _due(db: Database, destination: str, now: str, limit: int, *, batched: bool) -> Sequence[Row]:
        free = "destination = ? AND state = 'waiting' AND (leased_until IS NULL OR leased_until <= ?)"
        if batched:
            half = "SELECT min(batch) FROM deliveries WHERE destination = ? AND state = 'waiting' AND batch IS NOT NULL"
            (batch,) = db.execute(half, [destination]).fetchone()
            if batch is not None:  # a file that was begun comes first, and whole
                columns = f"SELECT * FROM deliveries WHERE {free} AND batch = ? AND next_at <= ? ORDER BY cursor"  # noqa: S608 - ours
                return list(db.query(columns, [destination, now, batch, now]))
        columns = f"SELECT * FROM deliveries WHERE {free} AND next_at <= ? ORDER BY next_at, cursor LIMIT ?"  # noqa: S608 - ours
        return sorted(db.query(columns, [destination, now, now, limit]), key=lambda row: int(row["cursor"]))

    @staticmethod
    def _documents(db: Database, call_ids: Sequence[str]) -> dict[str, str]:
        marks = ",".join("?" * len(call_ids))
        rows = db.execute(f"SELECT call_id, result FROM results WHERE call_id IN ({marks})", call_ids)  # noqa: S608 - only marks
        return dict(rows.fetchall())

    def delivered(self, ids: Iterable[int], at: datetime) -> None:
        """They arrived."""
        self._settle(ids, "delivered", at)

    def supersede(self, ids: Iterable[int], at: datetime) -> None:
        """There is nothing left to send."""
        self._settle(ids, "superseded", at)

    def _settle(self, ids: Iterable[int], state: str, at: datetime) -> None:
        with self._transactions.write() as db:
            db.conn.executemany(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, settled_at = ?, leased_until = NULL,"
                " leased_by = NULL, last_error = NULL"
                " WHERE id = ? AND state = 'waiting'",
                [(state, utc(at), number) for number in ids],
            )

    def failed(self, ids: Iterable[int], error: str, *, at: datetime, next_at: datetime | None) -> None:
        """They did not arrive.

        Args:
            ids: of the deliveries.
            error: why, without personal data.
            at: now.
            next_at: when to try again; None: never, they are dead letters now.
        """
        with self._transactions.write() as db:
            db.conn.executemany(
                "UPDATE deliveries SET attempts = attempts + 1, leased_until = NULL, leased_by = NULL, last_error = ?,"
                " next_at = ?, settled_at = ?,"
                " state = ? WHERE id = ? AND state = 'waiting'",
                [
                    (error, utc(next_at or at), None if next_at else utc(at), "waiting" if next_at else "dead", number)
                    for number in ids
                ],
            )

    def next_due(self, destination: str) -> datetime | None:
        """When the next delivery is due, or its lease runs out; None when nothing waits."""
        with self._transactions.read() as db:
            (due,) = db.execute(
                "SELECT min(max(next_at, coalesce(leased_until, next_at))) FROM deliveries"
                " WHERE destination = ? AND state = 'waiting'",
                [destination],
            ).fetchone()
        return datetime.fromisoformat(due) if due else None

    def status(self) -> tuple[DestinationStatus, ...]:
        """Every destination there is or was, by name."""
        with self._transactions.read() as db:
            rows = db.query(
                "SELECT t.name, t.kind, t.active, sum(d.state = 'waiting') AS waiting, sum(d.state = 'delivered') AS delivered,"
                " sum(d.state = 'dead') AS dead, min(CASE d.state WHEN 'waiting' THEN e.at END) AS oldest"
                " FROM destinations t LEFT JOIN deliveries d ON d.destination = t.name"
                " LEFT JOIN result_events e ON e.cursor = d.cursor GROUP BY t.name ORDER BY t.name"
            )
            return tuple(
                DestinationStatus(
                    name=row["name"],
                    kind=row["kind"],
                    active=bool(row["active"]),
                    waiting=row["waiting"] or 0,
                    delivered=row["delivered"] or 0,
                    dead=row["dead"] or 0,
                    oldest_waiting_at=datetime.fromisoformat(row["oldest"]) if row["oldest"] else None,
                )
                for row in rows
            )

    def dead_letters(self, destination: str | None = None, *, limit: int = 100) -> tuple[DeadLetter, ...]:
        """Deliveries that were given up, oldest first."""
        with self._transactions.read() as db:
            rows = db.query(
                "SELECT id, destination, call_id, revision, attempts, last_error, settled_at FROM deliveries"
                " WHERE state = 'dead' AND destination = coalesce(?, destination) ORDER BY id LIMIT ?",
                [destination, limit],
            )
            return tuple(DeadLetter(**row | {"settled_at": datetime.fromisoformat(row["settled_at"])}) for row in rows)

    def replay(self, at: datetime, *, destination: str | None = None, letter: int | None = None) -> int:
        """Send dead letters again, as if for the first time: one, those of a destination, or all. Raises NotFoundError.

        Returns:
            How many.
        """
        with self._transactions.write() as db:
            done = db.execute(
                "UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = ?, settled_at = NULL, leased_until = NULL,"
                " leased_by = NULL"
                " WHERE state = 'dead' AND id = coalesce(?, id) AND destination = coalesce(?, destination)",
                [utc(at), letter, destination],
            )
            if letter is not None and done.rowcount == 0:
                raise NotFoundError(f"there is no dead letter {letter}", remedy="hireline outbox letters lists them")
            return int(done.rowcount)
