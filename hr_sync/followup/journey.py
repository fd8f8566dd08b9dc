"""The durable part: an invitation's way from the mail to the interview, on DBOS.

The workflow asks what comes next (a step, recorded), waits, and has a reminder written (a step). All it knows stands in the HR
database under ids that follow from the invitation, so it may be run again from any point.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict
from zoneinfo import ZoneInfo

from dbos import DBOS

from hr_sync.durable import Durable
from hr_sync.errors import NotFoundError
from hr_sync.followup.planning import Case, Planner
from hr_sync.followup.settings import MessageRules
from hr_sync.records.followups import Invitation, InvitationState, MessageKind, Task, TaskKind
from hr_sync.store import Store
from hr_sync.store.followups import Followups, Plan

_LONGEST_WAIT_S = 4 * 3600.0
"""So often a change of the interview's time is noticed."""


class Next(TypedDict):
    """What an invitation needs next."""

    do: Literal["wait", "remind", "day_before", "end"]
    seconds: float


class InvitationCare:
    """What the workflow's steps do.

    Args:
        store: the HR database.
        followups: its messages and invitations.
        planner: writes messages.
        settings: when reminders are due.
        now: the time.
    """

    current: InvitationCare | None = None
    """Set while a runner works in this process: steps are plain functions and find it here."""

    def __init__(
        self, store: Store, followups: Followups, planner: Planner, settings: MessageRules, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._followups = followups
        self._planner = planner
        self._settings = settings
        self._now = now

    def next(self, invitation_id: str) -> Next:
        """What comes next."""
        now = self._now()
        try:
            invitation = self._followups.invitation(invitation_id)
            zone = self._store.candidate(invitation.candidate_id).time_zone
        except NotFoundError:  # erased meanwhile
            return {"do": "end", "seconds": 0}
        written = {message.kind for message in self._followups.messages(call_id=invitation.call_id, limit=200)}
        if invitation.at <= now or invitation.state in {InvitationState.DECLINED, InvitationState.CANCELLED}:
            return {"do": "end", "seconds": 0}
        coming = []
        if invitation.state is InvitationState.OPEN and MessageKind.INVITATION_REMINDER not in written:
            coming.append((invitation.created_at + timedelta(hours=self._settings.reminder_after_h), "remind"))
        if invitation.state is InvitationState.ACCEPTED and not self._reminded(invitation):
            coming.append((self._day_before(invitation, zone), "day_before"))
        due = [what for at, what in sorted(coming) if at <= now]
        if due:
            return {"do": "remind" if due[0] == "remind" else "day_before", "seconds": 0}
        first = min([at for at, _ in coming] + [invitation.at])
        return {"do": "wait", "seconds": min(_LONGEST_WAIT_S, max(1.0, (first - now).total_seconds()))}

    def remind(self, invitation_id: str, kind: MessageKind) -> None:
        """Write a reminder, and tell HR of an invitation without a reply."""
        invitation = self._followups.invitation(invitation_id)
        case = case_of(self._store, self._followups, invitation.call_id)
        now = self._now()
        mark = f"{invitation.sequence}" if kind is MessageKind.DAY_BEFORE else ""
        messages = self._planner.for_invitation(case, invitation, kind, now, mark=mark)
        tasks: tuple[Task, ...] = ()
        if kind is MessageKind.INVITATION_REMINDER:
            task = Task(
                id=f"{invitation.id}.no_reply",
                candidate_id=invitation.candidate_id,
                job_id=invitation.job_id,
                call_id=invitation.call_id,
                kind=TaskKind.NO_REPLY,
                due_at=now + timedelta(days=1),
            )
            tasks, messages = (task,), (*messages, self._planner.task_mail(case, task, now))
        self._followups.add(Plan("", messages, tasks=tasks))

    def _reminded(self, invitation: Invitation) -> bool:
        end = f".{invitation.sequence}"
        found = self._followups.messages(call_id=invitation.call_id, limit=200)
        return any(message.kind is MessageKind.DAY_BEFORE and message.id.endswith(end) for message in found)

    def _day_before(self, invitation: Invitation, zone: str) -> datetime:
        day = invitation.at.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
        return datetime.combine(day, self._settings.day_before_at, ZoneInfo(zone)).astimezone(UTC)


def case_of(store: Store, followups: Followups, call_id: str) -> Case:
    """A call and all that is known about it. Raises NotFoundError."""
    result = store.result(call_id)
    candidate = store.candidate(result.candidate_id)
    try:
        assessment = store.assessment(call_id)
    except NotFoundError:
        assessment = None
    return Case(
        result=result,
        candidate=candidate,
        job=store.job(result.job_id),
        assessment=assessment,
        wishes=followups.wishes(call_id),
        blocked=store.is_blocked(candidate.phone),
    )


def _care() -> InvitationCare:
    care = InvitationCare.current
    assert care is not None, "a runner sets it before workflows begin"  # noqa: S101 - a mistake of ours
    return care


@DBOS.step(name="invitation_next")
async def _next(invitation_id: str) -> Next:
    return await asyncio.to_thread(_care().next, invitation_id)


@DBOS.step(name="invitation_remind")
async def _remind(invitation_id: str, kind: str) -> None:
    await asyncio.to_thread(_care().remind, invitation_id, MessageKind(kind))


@DBOS.workflow(name="invitation", max_recovery_attempts=None)
async def invitation_journey(invitation_id: str) -> None:
    """From the invitation to the interview."""
    with Durable.current().tracked():
        while True:
            told = await _next(invitation_id)
            match told["do"]:
                case "end":
                    return
                case "wait":
                    await DBOS.sleep_async(told["seconds"])
                case "remind":
                    await _remind(invitation_id, MessageKind.INVITATION_REMINDER)
                case "day_before":
                    await _remind(invitation_id, MessageKind.DAY_BEFORE)
