"""Ties follow-ups together: looks for results to follow up, sends what is due, takes candidates' replies.

Imported before the durable engine starts: the workflow of `journey` has to be known to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from dbos import DBOS, SetWorkflowID

from hr_sync.durable import Durable
from hr_sync.errors import HirelineError
from hr_sync.followup.channels.registry import make_channels
from hr_sync.followup.journey import InvitationCare, case_of, invitation_journey
from hr_sync.followup.links import LinkSigner, load_key
from hr_sync.followup.pages import ReplyPages
from hr_sync.followup.planning import Case, Planner
from hr_sync.followup.pool import look_for_similar_jobs
from hr_sync.followup.sender import Sender
from hr_sync.followup.settings import MessageRules
from hr_sync.followup.wording import Wording
from hr_sync.records.followups import InvitationState
from hr_sync.store import SqliteStore, Store
from hr_sync.store.followups import Followups, Plan

log = structlog.get_logger(__name__)

_ROUND_S = 2.0
_KEY = "followup.key"
_BATCH = 100
_ASSESSED_WITHIN = timedelta(seconds=30)
"""A result waits so long for its assessment."""
_HORIZON = timedelta(days=90)
_POOL_EVERY_S = 600.0


class FollowUpRunner:
    """Follow-ups, running. Use it as an async context manager, inside that of the durable engine.

    Args:
        store: the HR database.
        settings: of follow-ups.
        state: folder for the key of the links and for messages as files.
        now: the time.
    """

    def __init__(
        self,
        store: SqliteStore,
        settings: MessageRules,
        state: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._settings = settings
        self._state = state
        self._now = now
        self.followups = Followups(store.connections)
        signer = LinkSigner(load_key(state / _KEY))
        self.planner = planner_for(settings, state)
        self.pages = ReplyPages(store, self.followups, self.planner, signer, settings, now)
        self._care = InvitationCare(store, self.followups, self.planner, settings, now)
        self._channels = make_channels(settings, state)
        self.sender = Sender(store, self.followups, self._channels, settings, now)
        self._begun: set[str] = set()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        Durable.current()
        InvitationCare.current = self._care
        try:
            await self._stack.enter_async_context(self.pages)
            for channel in self._channels.values():
                self._stack.push_async_callback(channel.close)
            for task in (self._feed(), self.sender.run(), self._watch_pool()):
                self._stack.push_async_callback(_ended, asyncio.create_task(task))
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    async def _feed(self) -> None:
        while True:
            try:
                await self.round()
            except HirelineError as error:
                log.warning("follow_ups_put_off", error=error.code)
            except Exception:
                log.exception("follow_ups_put_off")
            await asyncio.sleep(_ROUND_S)

    async def _watch_pool(self) -> None:
        while True:
            try:
                await asyncio.to_thread(look_for_similar_jobs, self._store, self._now())
            except HirelineError as error:
                log.warning("talent_pool_put_off", error=error.code)
            await asyncio.sleep(_POOL_EVERY_S)

    async def round(self) -> int:
        """Plan what follows from new results and decisions, and see to open invitations; returns how many were planned."""
        planned = await asyncio.to_thread(self.plan_new)
        for invitation_id in await asyncio.to_thread(self._open_invitations):
            if invitation_id in self._begun:
                continue
            with SetWorkflowID(f"invitation/{invitation_id}"):  # a second of that name is not run, here or elsewhere
                await DBOS.start_workflow_async(invitation_journey, invitation_id)
            self._begun.add(invitation_id)
        return planned

    # ---- planning, in a thread

    def plan_new(self) -> int:
        """Write plans for results and decisions that have none."""
        planned = 0
        for call_id in self.followups.unplanned(limit=_BATCH):
            case = case_of(self._store, self.followups, call_id)
            now = self._now()
            age = now - case.result.ended_at
            if age > timedelta(hours=self._settings.fresh_h):
                plan = Plan("too_old")
            elif case.assessment is None and case.result.answered_at is not None and age < _ASSESSED_WITHIN:
                continue
            else:
                taken = self.followups.times_taken(case.job.id, now, now + _HORIZON)
                plan = self._with_task_mails(case, self.planner.after_call(case, now, taken), now)
            planned += self.followups.write_plan(call_id, plan, now)
            log.info("follow_up_planned", call_id=call_id, outcome=plan.outcome, messages=len(plan.messages))
        for decision in self.followups.undecided(limit=_BATCH):
            case, now = case_of(self._store, self.followups, decision.call_id), self._now()
            invited = self.followups.invitations(call_id=decision.call_id, state=InvitationState.ACCEPTED)
            planned += self.followups.write_decided(decision, self.planner.after_decision(case, decision, now, invited))
        return planned

    def _with_task_mails(self, case: Case, plan: Plan, now: datetime) -> Plan:
        mails = tuple(self.planner.task_mail(case, task, now) for task in plan.tasks)
        return Plan(plan.outcome, plan.messages + mails, plan.invitations, plan.tasks, plan.pool)

    def _open_invitations(self) -> Iterable[str]:
        states = (InvitationState.OPEN, InvitationState.ACCEPTED, InvitationState.PROPOSED)
        found = [one for state in states for one in self.followups.invitations(state=state, limit=10_000)]
        return [one.id for one in found if one.at > self._now()]


def planner_for(settings: MessageRules, state: Path) -> Planner:
    """A planner whose links carry the signature of this deployment's key."""
    return Planner(settings, Wording(settings), LinkSigner(load_key(state / _KEY)))


def reschedule(store: Store, followups: Followups, planner: Planner, invitation_id: str, new_at: datetime, now: datetime) -> None:
    """HR agreed to another time: the invitation is changed, and the candidate told. Raises NotFoundError."""
    invitation = followups.reschedule(invitation_id, new_at, now)
    case = case_of(store, followups, invitation.call_id)
    followups.add(planner.confirmation(case, invitation, now))


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
