"""Empties the outbox: one task a destination, started and stopped with `async with`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import structlog

from hr_sync.errors import HirelineError, StoreBusyError
from hr_sync.outbox.delivery import Adapter, DeliveryError, pause
from hr_sync.outbox.drop import Drop
from hr_sync.outbox.postgres import Postgres
from hr_sync.outbox.targets import DropTarget, OutboxRules, PostgresTarget, Target
from hr_sync.outbox.webhook import Webhook
from hr_sync.owner import is_alive, this_process
from hr_sync.store.outbox import Delivery, Outbox

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)


def adapter_of(target: Target) -> Adapter:
    """What speaks to a destination. Raises ServiceError when it can never work: no driver, no secret."""
    if isinstance(target, DropTarget):
        return Drop(target)
    if isinstance(target, PostgresTarget):
        return Postgres(target)
    return Webhook(target)


class Dispatcher:
    """Sends what waits in the outbox to the destinations of the settings. Use it as an async context manager.

    Several may run at once, also in several processes: a delivery is leased by one of them.

    Args:
        outbox: of the HR database.
        rules: the destinations.

    Raises:
        ServiceError: a destination that can never work.
    """

    def __init__(self, outbox: Outbox, rules: OutboxRules) -> None:
        self._outbox = outbox
        self._rules = rules
        self._adapters = [(target, adapter_of(target)) for target in rules.destinations]
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="outbox")
        self._holder = this_process()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.delivered = 0
        """Since the start."""
        self.failures = 0

    @property
    def destinations(self) -> int:
        """How many it serves."""
        return len(self._adapters)

    async def __aenter__(self) -> Self:
        destinations = [(target.name, target.kind) for target, _ in self._adapters]
        await self._ask(self._outbox.set_destinations, destinations, datetime.now(UTC))
        if freed := await self._ask(self._outbox.free_leases, is_alive):
            log.info("leases_freed", deliveries=freed)
        self._tasks = [asyncio.create_task(self._serve(target, adapter)) for target, adapter in self._adapters]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._rules.grace_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, adapter in self._adapters:
            await adapter.close()
        await asyncio.to_thread(self._threads.shutdown)

    async def _ask(self, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: operation(*args, **kwargs))

    async def _serve(self, target: Target, adapter: Adapter) -> None:
        """Send until stopped. Nothing that goes wrong ends it: the next round comes after a pause."""
        while not self._stopping.is_set():
            try:
                if not await self._round(target, adapter):
                    await self._rest(target)
            except StoreBusyError:
                await self._pause(self._rules.poll_s)
            except HirelineError as error:
                log.error("outbox_failed", destination=target.name, error=error.code)  # noqa: TRY400 - told without a traceback
                await self._pause(max(5.0, self._rules.poll_s))
            except Exception:
                log.exception("outbox_failed", destination=target.name)
                await self._pause(max(5.0, self._rules.poll_s))

    async def _round(self, target: Target, adapter: Adapter) -> bool:
        """Lease and send once; whether there was anything."""
        leased = await self._ask(
            self._outbox.lease,
            target.name,
            holder=self._holder,
            at=datetime.now(UTC),
            lease_s=adapter.lease_s,
            limit=adapter.size * adapter.concurrency,
            batched=adapter.batched,
        )
        step = max(adapter.size, len(leased)) if adapter.batched else adapter.size
        async with asyncio.TaskGroup() as group:
            for first in range(0, len(leased), step):
                group.create_task(self._send(target, adapter, leased[first : first + step]))
        return bool(leased)

    async def _send(self, target: Target, adapter: Adapter, deliveries: Sequence[Delivery]) -> None:
        ids = [delivery.id for delivery in deliveries]
        try:
            await adapter.send(deliveries)
        except DeliveryError as error:
            await self._fail(target, deliveries, error)
        else:
            await self._ask(self._outbox.delivered, ids, datetime.now(UTC))
            self.delivered += len(ids)
            log.info("results_delivered", destination=target.name, results=len(ids), last_cursor=deliveries[-1].cursor)

    async def _fail(self, target: Target, deliveries: Sequence[Delivery], error: DeliveryError) -> None:
        """One pause for all that were sent together, so that they come back together."""
        self.failures += len(deliveries)
        now = datetime.now(UTC)
        attempt = max(delivery.attempts for delivery in deliveries) + 1
        wait = None if error.gone else pause(target.retry, attempt, error.wait_s)
        next_at = None if wait is None else now + wait
        await self._ask(self._outbox.failed, [delivery.id for delivery in deliveries], error.reason, at=now, next_at=next_at)
        log.warning(
            "results_not_delivered" if next_at else "results_given_up",
            destination=target.name,
            results=len(deliveries),
            last_cursor=deliveries[-1].cursor,
            reason=error.reason,
            attempt=attempt,
        )

    async def _rest(self, target: Target) -> None:
        """Wait for the next delivery that is due, and look for new ones now and then."""
        due = await self._ask(self._outbox.next_due, target.name)
        left_s = (due - datetime.now(UTC)).total_seconds() if due else self._rules.poll_s
        await self._pause(min(self._rules.poll_s, max(0.01, left_s)))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
