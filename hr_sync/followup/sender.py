"""Sends what is due: written down before it is sent, taken by one sender, reported as soon as it was taken over.

A sender that dies leaves messages it had taken. Whoever starts next gives those of dead processes back: each is handed over again
under the same id, by which files, gateways and mail systems know a repetition.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from hr_sync.errors import DeliveryError, HirelineError
from hr_sync.followup.channels.base import MessageChannel
from hr_sync.followup.clock import after_quiet
from hr_sync.followup.settings import MessageRules
from hr_sync.owner import is_alive, this_process
from hr_sync.records.followups import Channel, Message, MessageKind, Task, TaskKind
from hr_sync.store import Store
from hr_sync.store.followups import Followups, Plan

log = structlog.get_logger(__name__)

_FIRST_WAIT_S, _LONGEST_WAIT_S = 30.0, 6 * 3600.0
_BATCH = 64
_POLL_S = 1.0


class Sender:
    """Hands over due messages, several at a time, at most so many a second.

    Args:
        store: the HR database.
        followups: its messages.
        channels: by kind of channel.
        settings: rate, tries, quiet hours.
        now: the time.
    """

    def __init__(
        self,
        store: Store,
        followups: Followups,
        channels: Mapping[Channel, MessageChannel],
        settings: MessageRules,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._followups = followups
        self._channels = channels
        self._settings = settings
        self._now = now
        self._owner = this_process()
        self._places = asyncio.Semaphore(settings.at_once)
        self._next_start = 0.0
        self.handed_over = 0
        self.failures = 0
        """Tries that failed."""

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            try:
                sent = await self.round()
            except HirelineError as error:
                log.warning("messages_put_off", error=error.code)
                sent = 0
            if not sent:
                await asyncio.sleep(_POLL_S)

    async def round(self) -> int:
        """Take over what dead senders left, and send what is due; returns how many were taken."""
        await asyncio.to_thread(self._take_over)
        due = await asyncio.to_thread(self._followups.take_due, self._now(), self._owner, _BATCH)
        async with asyncio.TaskGroup() as group:
            for message in due:
                await self._pace()
                await self._places.acquire()
                group.create_task(self._send(message))
        return len(due)

    def _take_over(self) -> None:
        dead = [owner for owner in self._followups.owners() if owner != self._owner and is_alive(owner) is False]
        if dead:
            log.warning("messages_taken_over", messages=self._followups.give_back(dead))

    async def _pace(self) -> None:
        loop = asyncio.get_running_loop()
        self._next_start = max(self._next_start + 1 / self._settings.per_second, loop.time())
        await asyncio.sleep(self._next_start - loop.time())

    async def _send(self, message: Message) -> None:
        try:
            if await asyncio.to_thread(self._held_back, message):
                return
            job = await asyncio.to_thread(self._store.job, message.job_id)
            try:
                await self._channels[message.channel].send(message, job.recruiter.email)
            except DeliveryError as error:
                await asyncio.to_thread(self._failed, message, error)
                return
            await asyncio.to_thread(self._followups.sent, [message.id], self._now())
            self.handed_over += 1
            log.info("message_sent", message=message.id, channel=str(message.channel))
        finally:
            self._places.release()

    def _held_back(self, message: Message) -> bool:
        """Quiet hours have come meanwhile, or the person asked to be left alone."""
        if message.kind is MessageKind.HR_TASK:
            return False
        candidate = self._store.candidate(message.candidate_id)
        if self._store.is_blocked(candidate.phone):
            self._followups.give_up(message.id, "the person asked not to be contacted", self._now())
            return True
        allowed = after_quiet(self._now(), self._settings, candidate.time_zone)
        if allowed > self._now():
            self._followups.put_off(message.id, "quiet hours", allowed)
            return True
        return False

    def _failed(self, message: Message, error: DeliveryError) -> None:
        self.failures += 1
        final = error.final or message.attempts >= self._settings.tries
        log.warning("message_not_sent", message=message.id, final=final, attempts=message.attempts, reason=error.what)
        if not final:
            wait = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 4 ** (message.attempts - 1)) * random.uniform(0.8, 1.2)  # noqa: S311
            self._followups.put_off(message.id, error.what, self._now() + timedelta(seconds=wait))
            return
        self._followups.give_up(message.id, error.what, self._now())
        if message.kind is not MessageKind.HR_TASK:
            self._followups.add(Plan("", tasks=(self._undelivered(message, error),)))

    def _undelivered(self, message: Message, error: DeliveryError) -> Task:
        return Task(
            id=f"{message.id}.undelivered",
            candidate_id=message.candidate_id,
            job_id=message.job_id,
            call_id=message.call_id,
            kind=TaskKind.NOT_DELIVERED,
            detail=f"{message.kind}: {error.what}",
            due_at=self._now() + timedelta(days=1),
        )
