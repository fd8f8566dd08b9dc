"""Runs the campaigns that were started: feeds journeys in, a window at a time, as long as the program that enters it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from dbos import DBOS, SetWorkflowID

from agi_app.campaign import dialling, journey, metrics
from agi_app.campaign.caller import Caller
from agi_app.campaign.dialling import Dialling
from agi_app.campaign.naming import journey_id, queue
from agi_app.config import Settings
from agi_app.interview.ledger import Ledger
from agi_app.interview.recovery import recover
from hr_sync.calling_hours import CallingHours
from hr_sync.durable import Durable
from hr_sync.errors import HirelineError, InvalidDataError
from hr_sync.records.campaigns import CampaignState, JourneyState
from hr_sync.store import SqliteStore
from hr_sync.store.campaigns import Campaigns
from hr_sync.store.executors import Executors

log = structlog.get_logger(__name__)

_ROUND_S = 0.5
"""How often the campaigns are looked at: a pause takes effect at once all the same, since every call asks before it is dialled."""
_COUNT_ROUNDS = 10
"""Journeys are counted for the metrics every so many rounds."""
_REVIVE_ROUNDS = 120
_REVIVED_AT_ONCE = 100
_QUEUE_POLL_S = 0.2
_AHEAD = 2
"""Journeys that wait for nothing but a line, for each call at once: enough that no line is idle, few enough that the thousandth
candidate costs nothing before it is their turn."""


class CampaignRunner:
    """Use as an async context manager beside the phone wing.

    Args:
        store: the HR database.
        ledger: all access to it goes through here.
        caller: places calls.
        settings: all settings.
        recordings: folder of the recordings, for calls that dead processes left.
    """

    def __init__(self, store: SqliteStore, ledger: Ledger, caller: Caller, settings: Settings, *, recordings: Path) -> None:
        self._campaigns = Campaigns(store.connections)
        self._ledger = ledger
        self._settings = settings
        self._recordings = recordings
        self._dialling = Dialling(
            store=store,
            campaigns=self._campaigns,
            ledger=ledger,
            caller=caller,
            settings=settings,
            queue_for=self._queue_for,
            resumed=self._resumed,
        )
        self._durable = Durable(settings.durable_database, Executors(store.connections), bury=self._bury)
        self._stack = AsyncExitStack()
        self._queues: set[str] = set()
        self._queue_lock = asyncio.Lock()
        self._running: frozenset[str] = frozenset()
        self._measured: frozenset[str] = frozenset()
        self._looked = asyncio.Event()
        self._fed: dict[str, frozenset[str]] = {}
        self._stopping = False

    async def __aenter__(self) -> Self:
        dialling.use(self._dialling)
        self._stack.callback(dialling.use, None)
        try:
            await self._stack.enter_async_context(self._durable)
        except BaseException:
            await self._stack.aclose()
            raise
        self._feeder = asyncio.create_task(self._feed(), name="campaign-feeder")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End at once; calls that run are ended, and have their results."""
        self._feeder.cancel()
        await asyncio.wait({self._feeder})
        await self._stack.aclose()

    @property
    def calls(self) -> int:
        """Calls under way."""
        return self._dialling.running

    async def drain(self) -> None:
        """Begin no more calls, and return when those under way have ended, or when they have had campaign.drain_s."""
        self._stopping = True
        try:
            async with asyncio.timeout(self._settings.campaign.drain_s):
                await self._dialling.drain()
        except TimeoutError:
            log.warning("campaign_calls_cut", calls=self.calls, limit_s=self._settings.campaign.drain_s)

    # ---- feeding ----------------------------------------------------------------------------------------------------

    async def _feed(self) -> None:
        for count in _forever():
            try:
                await self._round()
                if count % _COUNT_ROUNDS == 0:
                    await self._measure()
                if count % _REVIVE_ROUNDS == 0 and not self._stopping:
                    await self._revive()
            except HirelineError as error:
                log.warning("campaign_round_failed", error=error.code)
            except Exception:
                log.exception("campaign_round_failed")
            await asyncio.sleep(_ROUND_S)

    async def _round(self) -> None:
        ask, campaigns = self._ledger.ask, self._campaigns
        running = await ask(campaigns.campaigns, (CampaignState.RUNNING,))
        self._running = frozenset(campaign.id for campaign in running)
        looked, self._looked = self._looked, asyncio.Event()
        looked.set()
        if self._stopping:
            return
        room = _AHEAD * self._settings.campaign.calls_at_once
        for campaign in running:  # in the order of their priority
            room -= await ask(campaigns.backlog, campaign.id)
            if room <= 0:
                break
            room -= await self._begin(campaign.id, room)
            if await ask(campaigns.finish_if_done, campaign.id, datetime.now(UTC)):
                log.info("campaign_finished", campaign=campaign.id)

    async def _begin(self, campaign_id: str, room: int) -> int:
        """Begin the journeys of the next candidates who may be called now; returns how many."""
        now, hours = datetime.now(UTC), self._settings.calling_hours
        zones = await self._ledger.ask(self._campaigns.new_time_zones, campaign_id)
        awake = [zone for zone in zones if _awake(hours, now, zone)]
        if not awake:
            return 0
        found = await self._ledger.ask(self._campaigns.next_candidates, campaign_id, awake, room)
        fresh = [candidate_id for candidate_id in found if candidate_id not in self._fed.get(campaign_id, ())]
        for candidate_id in fresh:
            await self._start(campaign_id, candidate_id)
        self._fed[campaign_id] = frozenset(found)  # they have begun, and may not have written so when we look again
        return len(fresh)

    @staticmethod
    async def _start(campaign_id: str, candidate_id: str) -> None:
        with SetWorkflowID(journey_id(campaign_id, candidate_id)):  # one of that name is never run twice, here or elsewhere
            await DBOS.start_workflow_async(journey.journey, campaign_id, candidate_id)

    async def _revive(self) -> None:
        """Begin journeys anew that a fault of ours ended before their time: what they have done stands in the HR database."""
        failed = await DBOS.list_workflows_async(name="journey", status="ERROR", limit=_REVIVED_AT_ONCE, load_output=False)
        for one in failed:
            campaign_id, candidate_id = one.input["args"] if one.input else ("", "")
            found = await self._ledger.ask(self._campaigns.journey, campaign_id, candidate_id)
            await DBOS.delete_workflow_async(one.workflow_id, delete_children=True)
            if found.state is not JourneyState.ENDED:
                metrics.FAULTS.labels("revived").inc()
                log.error("journey_revived", campaign=campaign_id, candidate=candidate_id)
                await self._start(campaign_id, candidate_id)

    async def _measure(self) -> None:
        for campaign_id in self._running | self._measured:  # those that stopped running once more
            counts = await self._ledger.ask(self._campaigns.counts, campaign_id)
            for state in JourneyState:
                metrics.JOURNEYS.labels(campaign_id, state).set(counts.journeys.get(state, 0))
        self._measured = self._running

    # ---- what journeys need -----------------------------------------------------------------------------------------

    async def _queue_for(self, trunk: str) -> None:
        """Make the trunk's queue, once a run: with the limits that are set now."""
        if trunk in self._queues:
            return
        limits, most = self._settings.campaign.limits(trunk), self._settings.campaign.calls_at_once
        at_once = max(1, int(limits.calls_per_second))
        async with self._queue_lock:
            await DBOS.register_queue_async(
                queue(trunk),
                global_concurrency=limits.channels,
                worker_concurrency=min(limits.channels, most),
                limiter={"limit": at_once, "period": at_once / limits.calls_per_second},
                polling_interval_sec=_QUEUE_POLL_S,
                on_conflict="always_update",
            )
            self._queues.add(trunk)

    async def _resumed(self, campaign_id: str) -> None:
        """Return when the campaign runs."""
        while True:
            await self._looked.wait()  # first: what was seen last may be older than the pause
            if campaign_id in self._running:
                return

    async def _bury(self, executor: str) -> None:
        """End the calls of a process that is dead, before anybody goes on with its journeys."""
        await recover(self._ledger, self._recordings, dead=executor)


def _awake(hours: CallingHours, now: datetime, zone: str) -> bool:
    """Whether candidates in a time zone may be called; those in one that does not exist are begun, and end with the reason."""
    try:
        return hours.permits(now, zone)
    except InvalidDataError:
        return True


def _forever() -> Collection[int]:
    return range(1 << 62)
