"""What the journeys of this process do to the world: decide the next step, place a call exactly once.

Reached by the workflows through `current`, because a workflow that is taken up after a restart has nothing but its arguments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from agi_app.campaign import caller_id, metrics
from agi_app.campaign.caller import Caller, CampaignCall, new_attempt, trunk_of
from agi_app.campaign.naming import Told, call_id_of
from agi_app.campaign.plan import Dial, End, Hold, Step, Wait, next_step
from agi_app.campaign.retry import RetryRules
from agi_app.campaign.slots import Pace, Slots
from agi_app.config import Settings
from agi_app.errors import AmiError, ConfigError, RouteError
from agi_app.interview.ledger import Ledger
from hr_sync.errors import DoNotCallError, HirelineError, NotAdmittedError, NotFoundError
from hr_sync.owner import is_alive, this_process
from hr_sync.records import CallAttempt, CallResult, Disposition
from hr_sync.records.campaigns import CampaignEvent, CampaignEventKind, JourneyFacts, JourneyState
from hr_sync.store import Store
from hr_sync.store.campaigns import Admission, Campaigns

log = structlog.get_logger(__name__)

_NO_ROUTE_PAUSE = timedelta(minutes=5)
_NO_ANSWER_PAUSE = timedelta(seconds=5)
_OTHERS_S = 1.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
T = TypeVar("T")
_current: Dialling | None = None


def current() -> Dialling:
    """What places the calls of this process. Raises ConfigError when no campaigns run here."""
    if _current is None:
        raise ConfigError("no campaigns run in this process", remedy="a program that opens the durable database must run campaigns")
    return _current


def use(dialling: Dialling | None) -> None:
    """From now on the workflows of this process use that one."""
    global _current  # noqa: PLW0603 - one engine a process
    _current = dialling


class Dialling:
    """Decides and dials.

    Args:
        store: the HR database.
        campaigns: the same, its campaigns.
        ledger: all access to it goes through here.
        caller: places calls.
        settings: all settings.
        queue_for: makes sure the queue of a trunk exists.
        resumed: returns when a campaign runs (again).
    """

    def __init__(
        self,
        *,
        store: Store,
        campaigns: Campaigns,
        ledger: Ledger,
        caller: Caller,
        settings: Settings,
        queue_for: Callable[[str], Awaitable[None]],
        resumed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._campaigns = campaigns
        self._ledger = ledger
        self._caller = caller
        self._settings = settings
        self._queue_for = queue_for
        self.resumed = resumed
        self._rules = RetryRules.load(settings.folder(settings.campaign.retry)) if settings.campaign.retry else RetryRules.load()
        self._slots = Slots(settings.campaign.calls_at_once)
        self._running: dict[str, asyncio.Future[None]] = {}
        self._paces: dict[str, Pace] = {}
        self._draining = asyncio.Event()

    async def persistently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something that can be repeated until it succeeds: a workflow that fails would leave its candidate behind."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await work()
            except HirelineError as error:
                metrics.FAULTS.labels(error.code).inc()
                log.warning("journey_step_failed", error=error.code, retry_in_s=pause_s)
            except Exception:
                metrics.FAULTS.labels("bug").inc()
                log.exception("journey_step_failed", retry_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    # ---- deciding ---------------------------------------------------------------------------------------------------

    async def decide(self, campaign_id: str, candidate_id: str) -> Told:
        """The next step of a journey, written down; what the HR wing is to know is told in the same transaction."""
        facts, step = await self._look(campaign_id, candidate_id)
        trunk = ""
        if isinstance(step, Dial):
            try:
                trunk = trunk_of(await self._caller.endpoint(facts.phone))
                await self._queue_for(trunk)
            except (RouteError, AmiError) as error:
                metrics.FAULTS.labels(error.code).inc()
                log.warning("journey_without_route", campaign=campaign_id, candidate=candidate_id, error=error.what)
                pause = _NO_ROUTE_PAUSE if isinstance(error, RouteError) else _NO_ANSWER_PAUSE
                step = Wait(datetime.now(UTC) + pause)
        await self._write(facts, step)
        return _told(step, trunk)

    async def _look(self, campaign_id: str, candidate_id: str) -> tuple[JourneyFacts, Step]:
        now = datetime.now(UTC)
        since = now - timedelta(days=self._settings.campaign.once_within_days)
        facts = await self._ledger.ask(self._campaigns.facts, campaign_id, candidate_id, once_since=since)
        rules = self._rules.replaced_by(facts.campaign.retry) if facts.campaign.retry else self._rules
        return facts, next_step(facts, rules, self._settings.calling_hours, now)

    async def _write(self, facts: JourneyFacts, step: Step) -> None:
        now, last = datetime.now(UTC), facts.calls[-1] if facts.calls else None
        changes: dict[str, object] = {"updated_at": now, "due_at": None}
        match step:
            case Dial(_, due, _):
                changes |= {"state": JourneyState.QUEUED, "due_at": due}
            case Wait(until):
                changes |= {"state": JourneyState.WAITING, "due_at": until}
            case Hold():
                changes |= {"state": JourneyState.WAITING}
            case End(outcome, detail):
                changes |= {"state": JourneyState.ENDED, "outcome": outcome, "detail": detail}
        if last is not None:
            changes["disposition"] = last.disposition
        journey = facts.journey.model_copy(update=changes)
        await self._ledger.ask(self._campaigns.advance, journey, tuple(self._events(facts, step, now)))

    def _events(self, facts: JourneyFacts, step: Step, now: datetime) -> list[CampaignEvent]:
        last = facts.calls[-1] if facts.calls else None
        found: list[tuple[CampaignEventKind, str | None, dict[str, object]]] = []
        if last is not None and last.disposition is not None:
            rules = self._rules.replaced_by(facts.campaign.retry) if facts.campaign.retry else self._rules
            if rules[last.disposition].sms:
                found.append((CampaignEventKind.SMS_WANTED, None, {"disposition": last.disposition}))
            if last.disposition is Disposition.CALLBACK and isinstance(step, Wait):
                found.append((CampaignEventKind.CALLBACK_PROMISED, last.call_id, {"at": step.until}))
        if isinstance(step, End):
            disposition = last.disposition if last is not None else None
            detail: dict[str, object] = {"outcome": step.outcome, "disposition": disposition, "attempts": len(facts.calls)}
            found.append((CampaignEventKind.JOURNEY_ENDED, None, detail))
        return [
            CampaignEvent(
                cursor=0,
                kind=kind,
                campaign_id=facts.campaign.id,
                candidate_id=facts.journey.candidate_id,
                job_id=facts.campaign.job_id,
                call_id=call,
                at=now,
                detail=detail,
            )
            for kind, call, detail in found
        ]

    # ---- dialling ---------------------------------------------------------------------------------------------------

    async def place(self, campaign_id: str, candidate_id: str, number: int, priority: int) -> bool:
        """Place a call of a journey, unless it was placed before; True when it has a result, False when it was not admitted."""
        call_id = call_id_of(campaign_id, candidate_id, number)
        if await self._settled(call_id):
            return True
        async with self._slots.taken(priority):
            if self._draining.is_set():
                await asyncio.Event().wait()  # until we end: the call stays to be made, here after the restart or elsewhere
            over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._running[call_id] = over
            metrics.RUNNING.inc()
            try:
                return await self._dial(campaign_id, candidate_id, number, call_id)
            finally:
                metrics.RUNNING.dec()
                del self._running[call_id]
                over.set_result(None)

    async def _settled(self, call_id: str) -> bool:
        """Whether the call was placed before; when it was, wait for its end, or end it when nobody drives it any more."""
        while True:
            try:
                attempt = await self._ledger.ask(self._store.attempt, call_id)
            except NotFoundError:
                return False
            if await self._has_result(call_id):
                return True
            if (over := self._running.get(call_id)) is not None:
                await over
            elif await self._ledger.take_spooled():
                continue  # the result had been left in a file
            elif attempt.owner == this_process() or is_alive(attempt.owner) is False:
                await self._abandon(call_id, "the process that drove the call is gone")
            else:
                await asyncio.sleep(
                    _OTHERS_S
                )  # another process drives it; when that dies, the call is ended where it is found dead

    async def _dial(self, campaign_id: str, candidate_id: str, number: int, call_id: str) -> bool:
        facts, step = await self._look(campaign_id, candidate_id)  # it may have waited in the queue for long
        if not isinstance(step, Dial) or step.number != number:
            return False
        endpoint = await self._caller.endpoint(facts.phone)
        order, admission = self._order(facts, step, call_id, endpoint)
        limits, opened = self._settings.campaign.limits(admission.trunk), False

        async def opening(attempt: CallAttempt) -> CallAttempt:
            nonlocal opened
            async with self._paces.setdefault(admission.trunk, Pace()).kept(1 / limits.calls_per_second):
                _, now = await self._look(campaign_id, candidate_id)  # preparing the call took its time, too
                if not isinstance(now, Dial):
                    raise NotAdmittedError("out_of_hours" if isinstance(now, Wait) else "ended", where=f"call {call_id}")
                found = await self._ledger.ask(self._campaigns.admit, attempt, admission)
            opened = True
            return found

        try:
            result = await self._caller.campaign_call(order, opening)
        except (DoNotCallError, NotAdmittedError) as error:
            metrics.REFUSED.labels(campaign_id, getattr(error, "reason", error.code)).inc()
            return False
        except Exception as error:  # whatever it is, the call has an ending, and the retry rules say what follows
            code = error.code if isinstance(error, HirelineError) else "bug"
            metrics.FAULTS.labels(code).inc()
            log.exception("campaign_call_failed", campaign=campaign_id, call_id=call_id, error=code, opened=opened)
            return await self._failed(order, admission, code, opened=opened)
        self._count(order, admission, result)
        return True

    def _order(self, facts: JourneyFacts, step: Dial, call_id: str, endpoint: str) -> tuple[CampaignCall, Admission]:
        """What the caller is to do, and what the store is to admit."""
        campaign, trunk = self._settings.campaign, trunk_of(endpoint)
        shown = caller_id.choose(campaign.limits(trunk).caller_ids, facts.phone) or self._settings.trunk.caller_id
        order = CampaignCall(call_id, facts.journey.candidate_id, facts.campaign.job_id, facts.phone, endpoint, shown)
        admission = Admission(
            campaign_id=facts.campaign.id,
            number=step.number,
            phone=facts.phone,
            trunk=trunk,
            caller_id=shown,
            due_at=step.due_at,
            once_since=datetime.now(UTC) - timedelta(days=campaign.once_within_days),
        )
        return order, admission

    async def _failed(self, order: CampaignCall, admission: Admission, code: str, *, opened: bool) -> bool:
        """Write a call down that came to nothing because of a fault of ours; False when it was not even admitted."""
        if not opened:
            planned = new_attempt(order)
            try:
                await self._ledger.ask(self._campaigns.admit, planned, admission)
            except (DoNotCallError, NotAdmittedError):
                return False
        await self._abandon(order.call_id, f"a fault of ours: {code}")
        return True

    def _count(self, order: CampaignCall, admission: Admission, result: CallResult) -> None:
        metrics.OPENED.labels(admission.campaign_id, admission.trunk).inc()
        metrics.CALLS.labels(admission.campaign_id, result.disposition).inc()
        metrics.DIAL_DELAY.labels(admission.trunk).observe(max(0.0, (result.started_at - admission.due_at).total_seconds()))

    async def _has_result(self, call_id: str) -> bool:
        try:
            await self._ledger.ask(self._store.result, call_id)
        except NotFoundError:
            return False
        return True

    async def _abandon(self, call_id: str, evidence: str) -> None:
        await self._ledger.ask(self._store.abandon, call_id, datetime.now(UTC), evidence)

    # ---- ending -----------------------------------------------------------------------------------------------------

    @property
    def running(self) -> int:
        """Calls under way in this process."""
        return len(self._running)

    async def drain(self) -> None:
        """Dial no more, and return when every call has ended."""
        self._draining.set()
        while self._running:
            await asyncio.wait(list(self._running.values()))


def _told(step: Step, trunk: str) -> Told:
    told: Told = {"do": "hold", "seconds": 0.0, "number": 0, "priority": 0, "trunk": trunk, "outcome": ""}
    match step:
        case Dial(number, _, priority):
            told["do"], told["number"], told["priority"] = "dial", number, priority
        case Wait(until):
            told["do"], told["seconds"] = "wait", max(0.0, (until - datetime.now(UTC)).total_seconds())
        case End(outcome, _):
            told["do"], told["outcome"] = "end", outcome
        case Hold():
            pass
    return told
