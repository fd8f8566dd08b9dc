"""What tests of campaigns share: a store full of candidates, settings for any hour, a caller that is quicker than a telephone."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agi_app.campaign.caller import CampaignCall, Opening, new_attempt
from agi_app.campaign.runner import CampaignRunner
from agi_app.config import CampaignSettings, PathSettings, Settings, TrunkLimits
from agi_app.interview.ledger import Ledger
from hr_sync.calling_hours import CallingHours
from hr_sync.records import CallResult, CallState, Candidate, Disposition
from hr_sync.records.campaigns import Campaign, CampaignState, JourneyState
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from hr_sync.store.campaigns import Campaigns

JOB = "customer-service"
ALWAYS = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), ("08:00-21:00",))
D = Disposition


def wakeful_zone() -> str:
    """A time zone where it is about noon now, so that tests run at any hour."""
    hours = datetime.now(UTC).hour - 12  # Etc/GMT+5 is five hours behind
    return f"Etc/GMT{hours:+d}" if hours else "Etc/GMT"


def campaign_settings(state: Path, **campaign: object) -> Settings:
    """Settings that let candidates in `wakeful_zone` be called now."""
    return Settings(
        paths=PathSettings(state=state),
        campaign=CampaignSettings(**{"trunk": TrunkLimits(channels=20, calls_per_second=100), **campaign}),
        calling_hours=CallingHours(**ALWAYS, holidays="none"),
    )


def number_of(place: int) -> str:
    """A mobile number of one's own."""
    return f"+86138{place:08d}"


def people(number: int, *, first: int = 1, time_zone: str | None = None) -> list[Candidate]:
    """Candidates with numbers of their own."""
    zone = time_zone or wakeful_zone()
    places = range(first, first + number)
    return [Candidate(id=f"c{place}", name="张伟", phone=number_of(place), time_zone=zone) for place in places]


def begin(store: SqliteStore, candidates: Sequence[Candidate], *, name: str = "spring", **fields: object) -> Campaigns:
    """A campaign that runs."""
    load_sample(store)
    store.put_candidates(candidates)
    campaigns = Campaigns(store.connections)
    now = datetime.now(UTC)
    campaign = Campaign.model_validate({"id": name, "name": name, "job_id": JOB, "created_at": now} | fields)
    campaigns.create(campaign, [candidate.id for candidate in candidates])
    campaigns.move(name, CampaignState.RUNNING, now)
    return campaigns


def result_of(call: CampaignCall, attempt: int, started: datetime, disposition: Disposition, **fields: object) -> CallResult:
    """A result as an interview would leave it."""
    now = datetime.now(UTC)
    return CallResult.model_validate(
        {
            "call_id": call.call_id,
            "attempt": attempt,
            "candidate_id": call.candidate_id,
            "job_id": call.job_id,
            "disposition": disposition,
            "started_at": started,
            "ended_at": now,
            "evidence": "scripted",
        }
        | fields
    )


class QuickCaller:
    """Stands in for telephone and interview: each number has its outcomes, one a call.

    Args:
        store: of the HR database.
        ledger: what an interview writes through.
        script: outcomes by number, the last one again and again; otherwise `completed`.
        seconds: how long a call lasts.
        notebook: every dialling is written here as one JSON line, the moment it happens: survives the process.
    """

    def __init__(
        self,
        store: SqliteStore,
        ledger: Ledger,
        *,
        script: Mapping[str, Sequence[Disposition]] | Callable[[CampaignCall], Disposition] | None = None,
        seconds: float | Callable[[], float] = 0.02,
        notebook: Path | None = None,
        slots: Mapping[Disposition, dict[str, object]] | None = None,
    ) -> None:
        self._store, self._ledger, self._script = store, ledger, script or {}
        self._seconds, self._notebook, self._slots = seconds, notebook, slots or {}
        self.dialled: list[tuple[datetime, CampaignCall]] = []
        self.at_once = self.most_at_once = 0
        self.before_opening: Callable[[CampaignCall], None] = lambda _: None

    async def endpoint(self, number: str) -> str:
        return f"PJSIP/{number.removeprefix('+')}@carrier"

    async def campaign_call(self, call: CampaignCall, opening: Opening) -> CallResult:
        self.before_opening(call)
        attempt = await opening(new_attempt(call))
        if not await self._ledger.ask(self._store.set_state, call.call_id, CallState.DIALLING, datetime.now(UTC)):
            raise AssertionError(f"{call.call_id} was dialled before")
        self.dialled.append((datetime.now(UTC), call))
        if self._notebook is not None:
            with self._notebook.open("a") as file:
                file.write(json.dumps({"call_id": call.call_id, "number": call.number, "at": datetime.now(UTC).isoformat()}) + "\n")
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        disposition, slots = D.SYSTEM_FAILED, {}
        try:
            await asyncio.sleep(self._seconds() if callable(self._seconds) else self._seconds)
            disposition = self._outcome(call)
            slots = self._slots.get(disposition, {})
        finally:
            self.at_once -= 1
            result = result_of(call, attempt.attempt, attempt.started_at, disposition, slots=slots)
            await asyncio.shield(self._ledger.finish(result))
        return result

    def _outcome(self, call: CampaignCall) -> Disposition:
        if callable(self._script):
            return self._script(call)
        outcomes = self._script.get(call.number, (D.COMPLETED,))
        made = sum(one.number == call.number for _, one in self.dialled)
        return outcomes[min(made, len(outcomes)) - 1]


class Troupe:
    """A store, a caller and a runner, in one process."""

    def __init__(
        self, store: SqliteStore, ledger: Ledger, caller: QuickCaller, runner: CampaignRunner, campaigns: Campaigns
    ) -> None:
        self.store, self.ledger, self.caller, self.runner, self.campaigns = store, ledger, caller, runner, campaigns

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - told by a database
                await asyncio.sleep(0.05)

    async def until_finished(self, name: str = "spring", seconds: float = 20.0) -> None:
        await self.until(lambda: self.campaigns.campaign(name).state is CampaignState.FINISHED, seconds)


@asynccontextmanager
async def troupe(settings: Settings, store: SqliteStore, **caller: Any) -> AsyncIterator[Troupe]:
    """Run the campaigns of a store, their calls placed by a `QuickCaller`."""
    ledger = Ledger(store, settings.state / "spool", 10.0)
    made = QuickCaller(store, ledger, **caller)
    try:
        async with CampaignRunner(store, ledger, made, settings, recordings=settings.state / "recordings") as runner:
            yield Troupe(store, ledger, made, runner, Campaigns(store.connections))
    finally:
        await ledger.close()


def faults(store: SqliteStore, name: str, dialled: Iterable[str], *, attempts: int) -> list[str]:
    """What is wrong with a campaign that has finished, one sentence each.

    Args:
        store: the HR database.
        name: of the campaign.
        dialled: call ids, each as often as it was dialled.
        attempts: the most calls a candidate may have had.
    """
    campaigns, wrong = Campaigns(store.connections), []
    counted: dict[str, int] = {}
    for call_id in dialled:
        counted[call_id] = counted.get(call_id, 0) + 1
    wrong += [f"{call_id} was dialled {times} times" for call_id, times in counted.items() if times > 1]
    wrong += [f"{attempt.call_id} has no ending" for attempt in store.unfinished()]
    opened = set()
    for journey in campaigns.journeys(name, limit=100_000):
        calls = campaigns.facts(name, journey.candidate_id, once_since=datetime.now(UTC) - timedelta(days=1)).calls
        opened |= {call.call_id for call in calls}
        if journey.state is not JourneyState.ENDED:
            wrong.append(f"{journey.candidate_id} was lost: {journey.state}")
        if journey.attempts != len(calls) or [call.number for call in calls] != list(range(1, len(calls) + 1)):
            wrong.append(f"{journey.candidate_id} counts {journey.attempts} calls and has {len(calls)}")
        if len(calls) > attempts:
            wrong.append(f"{journey.candidate_id} was called {len(calls)} times")
    wrong += [f"{call_id} was dialled without being opened" for call_id in counted.keys() - opened]
    return wrong


def spread(seed: int) -> Callable[[], float]:
    """Lengths of calls."""
    dice = random.Random(seed)
    return lambda: dice.uniform(0.02, 0.2)
