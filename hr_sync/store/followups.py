"""Messages, invitations, tasks and the talent pool in the HR database.

Everything is planned in one transaction, under ids that follow from the call: planning again finds what stands there. A message is
written before it is sent, and taken by one sender at a time.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from hr_sync.errors import ConflictError, NotFoundError
from hr_sync.records.assessment import Decision
from hr_sync.records.followups import (
    Invitation,
    InvitationState,
    Message,
    MessageEventKind,
    MessageState,
    PoolEntry,
    Task,
)
from hr_sync.store.connection import Connections
from hr_sync.store.rows import Row, utc

_TIMES = ("at", "due_at", "sent_at", "created_at", "answered_at", "done_at", "since")


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from a call."""

    outcome: str
    """In a word: invited, hesitant, talent_pool, …"""
    messages: tuple[Message, ...] = ()
    invitations: tuple[Invitation, ...] = ()
    tasks: tuple[Task, ...] = ()
    pool: tuple[PoolEntry, ...] = field(default=())


class Followups:
    """The tables of what happens after calls."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    # ---- planning

    def unplanned(self, *, limit: int = 100) -> tuple[str, ...]:
        """Calls with a result whose follow-ups were not planned yet, oldest first."""
        with self._connections.read() as db:
            rows = db.execute(
                "SELECT r.call_id FROM results r LEFT JOIN follow_ups f ON f.call_id = r.call_id WHERE f.call_id IS NULL"
                " ORDER BY r.cursor LIMIT ?",
                [limit],
            )
            return tuple(call_id for (call_id,) in rows)

    def write_plan(self, call_id: str, plan: Plan, at: datetime) -> bool:
        """Write what follows from a call, all or nothing; False when it was planned before."""
        with self._connections.write() as db:
            if db.execute("SELECT 1 FROM follow_ups WHERE call_id = ?", [call_id]).fetchone():
                return False
            db.table("follow_ups").insert({"call_id": call_id, "planned_at": utc(at), "outcome": plan.outcome})
            _insert(db, plan)
            return True

    def add(self, plan: Plan) -> None:
        """Write further messages, tasks and so on; those whose id stands there already are left as they are."""
        with self._connections.write() as db:
            _insert(db, plan)

    def undecided(self, *, limit: int = 100) -> tuple[Decision, ...]:
        """The last decision about each call, where no message tells the candidate of it yet, oldest first."""
        with self._connections.read() as db:
            rows = db.query(
                "SELECT d.* FROM decisions d WHERE d.decision IN ('reject', 'talent_pool')"
                " AND NOT EXISTS (SELECT 1 FROM decisions l WHERE l.call_id = d.call_id AND (l.at, l.rowid) > (d.at, d.rowid))"
                " AND NOT EXISTS (SELECT 1 FROM follow_ups f WHERE f.call_id = d.call_id AND f.outcome LIKE '%+' || d.decision)"
                " AND EXISTS (SELECT 1 FROM follow_ups f WHERE f.call_id = d.call_id) ORDER BY d.at LIMIT ?",
                [limit],
            )
            return tuple(_decision(row) for row in rows)

    def write_decided(self, decision: Decision, plan: Plan) -> bool:
        """Write what follows from a decision that ends the matter, once; invitations of the call are cancelled by it."""
        mark = f"+{decision.decision}"
        with self._connections.write() as db:
            changed = db.execute(
                "UPDATE follow_ups SET outcome = outcome || ? WHERE call_id = ? AND outcome NOT LIKE ?",
                [mark, decision.call_id, f"%{mark}"],
            ).rowcount
            if changed:
                for (invitation_id,) in db.execute("SELECT id FROM invitations WHERE call_id = ?", [decision.call_id]).fetchall():
                    _drop(db, invitation_id)
                db.execute(
                    "UPDATE invitations SET state = 'cancelled', sequence = sequence + 1 WHERE call_id = ? AND state != 'declined'",
                    [decision.call_id],
                )
                _insert(db, plan)
            return bool(changed)

    def wishes(self, call_id: str) -> dict[str, Any]:
        """What the candidate asked for in the call, with details: material, human, callback, talent_pool."""
        with self._connections.read() as db:
            rows = db.execute("SELECT key, value FROM learned WHERE call_id = ? AND kind = 'request' ORDER BY rowid", [call_id])
            return {key: json.loads(value) for key, value in rows}

    # ---- messages

    def take_due(self, now: datetime, owner: str, limit: int) -> tuple[Message, ...]:
        """Take messages whose time has come; each goes to one owner."""
        with self._connections.write() as db:
            rows = db.query(
                "UPDATE messages SET state = 'sending', owner = ?, attempts = attempts + 1 WHERE id IN (SELECT id FROM messages"
                " WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT ?) RETURNING *",
                [owner, utc(now), limit],
            )
            return tuple(sorted((_message(row) for row in rows), key=lambda message: (message.due_at, message.id)))

    def give_back(self, owners: Collection[str]) -> int:
        """Put messages that dead owners had taken back; returns how many."""
        with self._connections.write() as db:
            marks = ",".join("?" * len(owners))
            statement = f"UPDATE messages SET state = 'waiting', owner = NULL WHERE state = 'sending' AND owner IN ({marks})"  # noqa: S608 - marks only
            return int(db.execute(statement, list(owners)).rowcount)

    def owners(self) -> tuple[str, ...]:
        """Who has taken messages and not reported yet."""
        with self._connections.read() as db:
            return tuple(owner for (owner,) in db.execute("SELECT DISTINCT owner FROM messages WHERE state = 'sending'"))

    def sent(self, messages: Sequence[str], at: datetime) -> None:
        """These were handed over."""
        with self._connections.write() as db:
            for message in messages:
                db.execute(
                    "UPDATE messages SET state = 'sent', sent_at = ?, error = NULL, owner = NULL WHERE id = ?", [utc(at), message]
                )
                _event(db, message, MessageEventKind.SENT, at)

    def put_off(self, message: str, error: str, due_at: datetime) -> None:
        """It could not be handed over now."""
        self._settle(message, MessageState.WAITING, error, due_at)

    def give_up(self, message: str, error: str, at: datetime) -> None:
        """It cannot be handed over."""
        self._settle(message, MessageState.FAILED, error, at)
        with self._connections.write() as db:
            _event(db, message, MessageEventKind.FAILED, at)

    def drop(self, invitation_id: str) -> int:
        """Messages of an invitation that wait are not needed any more."""
        with self._connections.write() as db:
            return _drop(db, invitation_id)

    def message(self, message_id: str) -> Message:
        """One message. Raises NotFoundError."""
        with self._connections.read() as db:
            for row in db.query("SELECT * FROM messages WHERE id = ?", [message_id]):
                return _message(row)
        raise NotFoundError(f"there is no message {message_id}")

    def messages(
        self, *, call_id: str | None = None, candidate_id: str | None = None, state: MessageState | None = None, limit: int = 100
    ) -> tuple[Message, ...]:
        """Messages, the last due first."""
        with self._connections.read() as db:
            rows = db.query(
                "SELECT * FROM messages WHERE (:call IS NULL OR call_id = :call)"
                " AND (:candidate IS NULL OR candidate_id = :candidate)"
                " AND (:state IS NULL OR state = :state) ORDER BY due_at DESC, id LIMIT :limit",
                {"call": call_id, "candidate": candidate_id, "state": state, "limit": limit},
            )
            return tuple(_message(row) for row in rows)

    def record(self, message_id: str, event: MessageEventKind, at: datetime) -> bool:
        """Something became of a message; False when there is no such message."""
        with self._connections.write() as db:
            if not db.execute("SELECT 1 FROM messages WHERE id = ?", [message_id]).fetchone():
                return False
            _event(db, message_id, event, at)
            return True

    def events(self, message_id: str) -> tuple[tuple[MessageEventKind, datetime], ...]:
        """What became of a message, in order."""
        with self._connections.read() as db:
            rows = db.execute("SELECT event, at FROM message_events WHERE message_id = ? ORDER BY id", [message_id])
            return tuple((MessageEventKind(event), datetime.fromisoformat(at)) for event, at in rows)

    def counts(self) -> dict[str, int]:
        """Messages by state."""
        with self._connections.read() as db:
            return dict(db.execute("SELECT state, count(*) FROM messages GROUP BY state").fetchall())

    # ---- invitations

    def invitation(self, invitation_id: str) -> Invitation:
        """One invitation. Raises NotFoundError."""
        with self._connections.read() as db:
            return _invitation_by_id(db, invitation_id)

    def invitations(
        self, *, state: InvitationState | None = None, call_id: str | None = None, limit: int = 100
    ) -> tuple[Invitation, ...]:
        """Invitations by their time."""
        with self._connections.read() as db:
            rows = db.query(
                "SELECT * FROM invitations WHERE (:state IS NULL OR state = :state) AND (:call IS NULL OR call_id = :call)"
                " ORDER BY at, id LIMIT :limit",
                {"state": state, "call": call_id, "limit": limit},
            )
            return tuple(_invitation(row) for row in rows)

    def times_taken(self, job_id: str, start: datetime, end: datetime) -> tuple[datetime, ...]:
        """When interviews for a job are offered or agreed."""
        with self._connections.read() as db:
            rows = db.execute(
                "SELECT at FROM invitations WHERE job_id = ? AND at >= ? AND at < ? AND state IN ('open', 'accepted') ORDER BY at",
                [job_id, utc(start), utc(end)],
            )
            return tuple(datetime.fromisoformat(at) for (at,) in rows)

    def answer(
        self,
        invitation_id: str,
        state: InvitationState,
        at: datetime,
        *,
        proposed: Sequence[datetime] = (),
        note: str = "",
        then: Plan | None = None,
    ) -> Invitation:
        """The candidate's reply, which may change until the interview; reminders that wait are dropped.

        Raises NotFoundError; ConflictError when the invitation was cancelled or its time has passed.
        """
        with self._connections.write() as db:
            before = _invitation_by_id(db, invitation_id)
            if before.state is InvitationState.CANCELLED or before.at <= at:
                raise ConflictError("this invitation cannot be answered any more", remedy="write to the recruiter")
            db.execute(
                "UPDATE invitations SET state = ?, answered_at = ?, proposed = ?, note = ? WHERE id = ?",
                [state, utc(at), json.dumps([utc(one) for one in proposed]), note, invitation_id],
            )
            _drop(db, invitation_id)
            _insert(db, then or Plan(""))
            return _invitation_by_id(db, invitation_id)

    def reschedule(self, invitation_id: str, new_at: datetime, at: datetime) -> Invitation:
        """HR agreed to another time. Raises NotFoundError."""
        with self._connections.write() as db:
            _invitation_by_id(db, invitation_id)
            db.execute(
                "UPDATE invitations SET at = ?, state = 'accepted', answered_at = ?, sequence = sequence + 1 WHERE id = ?",
                [utc(new_at), utc(at), invitation_id],
            )
            _drop(db, invitation_id)
            return _invitation_by_id(db, invitation_id)

    # ---- tasks and the pool

    def tasks(self, *, done: bool = False, limit: int = 100) -> tuple[Task, ...]:
        """Tasks of HR, the most urgent first."""
        with self._connections.read() as db:
            where = "done_at IS NOT NULL" if done else "done_at IS NULL"
            rows = db.query(f"SELECT * FROM tasks WHERE {where} ORDER BY due_at, id LIMIT ?", [limit])  # noqa: S608 - ours
            return tuple(Task.model_validate(row) for row in rows)

    def finish_task(self, task_id: str, by: str, at: datetime) -> Task:
        """Somebody did it. Raises NotFoundError."""
        with self._connections.write() as db:
            db.execute("UPDATE tasks SET done_at = ?, done_by = ? WHERE id = ? AND done_at IS NULL", [utc(at), by, task_id])
            for row in db.query("SELECT * FROM tasks WHERE id = ?", [task_id]):
                return Task.model_validate(row)
        raise NotFoundError(f"there is no task {task_id}", remedy="hireline hr tasks lists them")

    def pool(self, *, limit: int = 1000) -> tuple[PoolEntry, ...]:
        """The talent pool, oldest first."""
        with self._connections.read() as db:
            rows = db.query("SELECT * FROM talent_pool ORDER BY since, candidate_id, job_id LIMIT ?", [limit])
            return tuple(PoolEntry.model_validate(row) for row in rows)

    def leave_pool(self, candidate_id: str) -> int:
        """The person does not want to be called again; returns how many entries went."""
        with self._connections.write() as db:
            return int(db.execute("DELETE FROM talent_pool WHERE candidate_id = ?", [candidate_id]).rowcount)

    def _settle(self, message: str, state: MessageState, error: str, due_at: datetime) -> None:
        with self._connections.write() as db:
            db.execute(
                "UPDATE messages SET state = ?, error = ?, due_at = ?, owner = NULL WHERE id = ?",
                [state, error[:500], utc(due_at), message],
            )


def _insert(db: Database, plan: Plan) -> None:
    for table, records in (
        ("invitations", plan.invitations),
        ("messages", plan.messages),
        ("tasks", plan.tasks),
        ("talent_pool", plan.pool),
    ):
        for record in records:
            row = _row(record.model_dump(mode="json"))
            names = list(row)
            columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
            db.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", [row[name] for name in names])  # noqa: S608 - ours


def _row(fields: dict[str, Any]) -> Row:
    """A record's fields as columns."""
    row: Row = {}
    for name, value in fields.items():
        if name in _TIMES and value is not None:
            row[name] = utc(datetime.fromisoformat(value))
        elif name == "proposed":
            row[name] = json.dumps([utc(datetime.fromisoformat(one)) for one in value])
        else:
            row[name] = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return row


def _event(db: Database, message_id: str, event: MessageEventKind, at: datetime) -> None:
    db.execute("INSERT INTO message_events (message_id, event, at) VALUES (?, ?, ?)", [message_id, event, utc(at)])


def _drop(db: Database, invitation_id: str) -> int:
    return int(
        db.execute("UPDATE messages SET state = 'dropped' WHERE invitation_id = ? AND state = 'waiting'", [invitation_id]).rowcount
    )


def _message(row: Row) -> Message:
    return Message.model_validate({name: value for name, value in row.items() if name != "owner"})


def _invitation(row: Row) -> Invitation:
    return Invitation.model_validate(dict(row) | {name: json.loads(row[name]) for name in ("bring", "proposed")})


def _invitation_by_id(db: Database, invitation_id: str) -> Invitation:
    for row in db.query("SELECT * FROM invitations WHERE id = ?", [invitation_id]):
        return _invitation(row)
    raise NotFoundError(f"there is no invitation {invitation_id}")


def _decision(row: Row) -> Decision:
    fields = dict(row)
    return Decision.model_validate(fields | {"by": fields.pop("decided_by")})
