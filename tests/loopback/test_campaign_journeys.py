"""Campaigns on the real durable engine and the real store; only telephone and interview are replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from agi_app.campaign import journey, metrics, runner
from agi_app.campaign.caller import CampaignCall
from agi_app.config import TrunkLimits
from hr_sync.records import Disposition, DoNotCallEntry, DoNotCallReason
from hr_sync.records.campaigns import CampaignEventKind, CampaignState, JourneyState
from hr_sync.store import SqliteStore
from hr_sync.store.campaigns import Campaigns
from tests.campaign_stage import begin, campaign_settings, faults, number_of, people, troupe

BUSY, COMPLETED, NO_ANSWER = Disposition.BUSY, Disposition.COMPLETED, Disposition.NO_ANSWER
QUICK = {
    "no_answer": {"again": 1, "after": ["0.2s"], "sms": True},
    "busy": {"again": 1, "after": ["0.2s"]},
    "system_failed": {"again": 1, "after": ["0.2s"]},
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "hr.db") as made:
        yield made


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look around more often than a server with thousands of candidates should."""
    monkeypatch.setattr(journey, "POLL_S", 0.2)
    monkeypatch.setattr(journey, "_AGAIN_S", 0.2)
    monkeypatch.setattr(runner, "_ROUND_S", 0.1)
    monkeypatch.setattr(runner, "_QUEUE_POLL_S", 0.05)


def ends(campaigns: Campaigns, name: str = "spring") -> dict[str, tuple[str | None, int]]:
    return {one.candidate_id: (one.outcome, one.attempts) for one in campaigns.journeys(name)}


async def test_each_candidate_is_called_until_the_rules_end(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def value(name: str, **labels: str) -> float | None:
        return metrics.REGISTRY.get_sample_value(f"hireline_campaign_{name}", labels)

    for measured in (metrics.CALLS, metrics.OPENED, metrics.JOURNEYS, metrics.DIAL_DELAY):
        measured.clear()
    monkeypatch.setattr(runner, "_COUNT_ROUNDS", 1)
    script = {
        number_of(1): [NO_ANSWER, COMPLETED],
        number_of(2): [BUSY],
        number_of(3): [Disposition.INVALID_NUMBER],
        number_of(4): [NO_ANSWER, BUSY, NO_ANSWER],
    }
    campaigns = begin(store, people(12), attempts=3, retry=QUICK)
    async with troupe(campaign_settings(tmp_path), store, script=script) as play:
        await play.until_finished()
        await play.until(lambda: value("journeys", campaign="spring", state="ended") == 12)
        dialled = [call.call_id for _, call in play.caller.dialled]
    found = ends(campaigns)
    assert [found.pop(f"c{n}") for n in range(1, 5)] == [("completed", 2), ("busy", 2), ("invalid_number", 1), ("no_answer", 3)]
    assert set(found.values()) == {("completed", 1)}
    assert faults(store, "spring", dialled, attempts=3) == []
    events = campaigns.events()
    assert sorted(event.candidate_id for event in events if event.kind is CampaignEventKind.SMS_WANTED) == ["c1", "c4"]
    over = {event.candidate_id: event.detail for event in events if event.kind is CampaignEventKind.JOURNEY_ENDED}
    assert len(over) == 12
    assert over["c2"] == {"outcome": "busy", "disposition": "busy", "attempts": 2}
    assert [event.cursor for event in events] == sorted(event.cursor for event in events)
    assert value("calls_total", campaign="spring", disposition="completed") == 9
    assert value("attempts_total", campaign="spring", trunk="carrier") == len(dialled) == 16
    assert value("journeys", campaign="spring", state="queued") == value("calls_running") == 0
    assert value("dial_delay_seconds_count", trunk="carrier") == 16
    page = CollectorRegistry()
    page.register(metrics.REGISTRY)  # as the monitoring page does
    assert b'hireline_campaign_calls_total{campaign="spring",disposition="busy"} 3.0' in generate_latest(page)


async def test_a_pause_stops_new_calls_at_once_and_lets_running_ones_end(store: SqliteStore, tmp_path: Path) -> None:
    campaigns = begin(store, people(12))
    async with troupe(campaign_settings(tmp_path, calls_at_once=3), store, seconds=0.5) as play:
        await play.until(lambda: play.caller.at_once == 3)
        campaigns.move("spring", CampaignState.PAUSED, datetime.now(UTC))
        paused_at = datetime.now(UTC)
        await asyncio.sleep(1.2)
        assert play.caller.at_once == 0
        assert [call.call_id for at, call in play.caller.dialled if at > paused_at + timedelta(milliseconds=50)] == []
        assert campaigns.counts("spring").dispositions == {COMPLETED: len(play.caller.dialled)}
        campaigns.move("spring", CampaignState.RUNNING, datetime.now(UTC))
        await play.until_finished()
        assert play.caller.most_at_once == 3
        dialled = [call.call_id for _, call in play.caller.dialled]
    assert set(ends(campaigns).values()) == {("completed", 1)}
    assert faults(store, "spring", dialled, attempts=1) == []


async def test_a_promised_call_back_comes_at_its_time_and_before_the_queue(store: SqliteStore, tmp_path: Path) -> None:
    promised = datetime.now(UTC) + timedelta(seconds=3)
    script = {number_of(1): [Disposition.CALLBACK, COMPLETED]}
    campaigns = begin(store, people(26), attempts=3)
    settings = campaign_settings(tmp_path, calls_at_once=2)
    slots = {Disposition.CALLBACK: {"callback_time": {"at": promised.isoformat()}}}
    async with troupe(settings, store, script=script, seconds=0.2, slots=slots) as play:
        await play.until_finished(seconds=30)
        calls = [(at, call.candidate_id) for at, call in play.caller.dialled]
    (_, first), (second_at, _) = ((at, who) for at, who in calls if who == "c1")
    assert first == "c1"
    assert 0 <= (second_at - promised).total_seconds() < 1.5
    assert sum(at > second_at for at, _ in calls) > 3  # others were waiting longer
    [told] = [event for event in campaigns.events() if event.kind is CampaignEventKind.CALLBACK_PROMISED]
    assert datetime.fromisoformat(told.detail["at"]) == promised


async def test_urgent_jobs_and_higher_priorities_go_first(store: SqliteStore, tmp_path: Path) -> None:
    begin(store, people(16), name="usual")
    begin(store, people(6, first=100), name="preferred", priority=5)
    async with troupe(campaign_settings(tmp_path, calls_at_once=2), store, seconds=0.1) as play:
        await play.until_finished("usual", 30)
        order = [call.call_id.partition("-")[0] for _, call in play.caller.dialled]
    assert order.index("usual") >= 4  # all but perhaps the last ones, which were not yet fed in
    assert order[-8:] == ["usual"] * 8


async def test_new_calls_keep_to_the_trunks_pace(store: SqliteStore, tmp_path: Path) -> None:
    begin(store, people(11))
    settings = campaign_settings(tmp_path, trunk=TrunkLimits(channels=20, calls_per_second=5))
    async with troupe(settings, store) as play:
        await play.until_finished(seconds=30)
        times = [at for at, _ in play.caller.dialled]
    most = max(sum(timedelta() <= other - at < timedelta(seconds=0.9) for other in times) for at in times)
    assert most <= 5


async def test_what_a_stopped_server_left_is_gone_on_with(store: SqliteStore, tmp_path: Path) -> None:
    script = {number_of(place): [NO_ANSWER, COMPLETED] for place in range(1, 11)}
    retry = {"no_answer": {"again": 1, "after": ["2s"]}, "system_failed": {"again": 1, "after": ["0.2s"]}}
    campaigns = begin(store, people(20), retry=retry)
    settings = campaign_settings(tmp_path, calls_at_once=4)
    dialled: list[str] = []
    async with troupe(settings, store, script=script, seconds=0.3) as play:
        await play.until(lambda: len(play.caller.dialled) >= 8)
        dialled += [call.call_id for _, call in play.caller.dialled]
        script = {
            number: outcomes[1:] for number, outcomes in script.items() if number in {c.number for _, c in play.caller.dialled}
        }
    assert store.unfinished() == ()
    async with troupe(settings, store, script=script) as play:
        await play.until_finished(seconds=40)
        dialled += [call.call_id for _, call in play.caller.dialled]
    assert faults(store, "spring", dialled, attempts=3) == []
    assert {outcome for outcome, _ in ends(campaigns).values()} == {"completed"}


async def test_draining_lets_calls_end_and_begins_no_more(store: SqliteStore, tmp_path: Path) -> None:
    campaigns = begin(store, people(20))
    async with troupe(campaign_settings(tmp_path, calls_at_once=3), store, seconds=0.6) as play:
        await play.until(lambda: play.caller.at_once == 3)
        await play.runner.drain()
        dialled = len(play.caller.dialled)
        await asyncio.sleep(1.0)
        assert (play.caller.at_once, len(play.caller.dialled), play.runner.calls) == (0, dialled, 0)
    assert campaigns.counts("spring").dispositions == {COMPLETED: dialled}
    assert campaigns.counts("spring").journeys[JourneyState.ENDED] <= dialled < 20


async def test_a_journey_that_a_fault_of_ours_ended_begins_anew(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaigns = begin(store, people(3))
    monkeypatch.setattr(runner, "_REVIVE_ROUNDS", 5)
    broken: list[str] = []

    async def faulty(campaign_id: str) -> None:
        broken.append(campaign_id)
        raise RuntimeError("a bug")

    async with troupe(campaign_settings(tmp_path, calls_at_once=1), store, seconds=0.4) as play:
        await play.until(lambda: play.caller.at_once == 1)
        monkeypatch.setattr(play.runner._dialling, "resumed", faulty)
        campaigns.move("spring", CampaignState.PAUSED, datetime.now(UTC))
        await play.until(lambda: len(broken) == 2)  # both that wait for a line
        monkeypatch.setattr(play.runner._dialling, "resumed", play.runner._resumed)
        campaigns.move("spring", CampaignState.RUNNING, datetime.now(UTC))
        await play.until_finished()
        dialled = [call.call_id for _, call in play.caller.dialled]
    assert set(ends(campaigns).values()) == {("completed", 1)}
    assert faults(store, "spring", dialled, attempts=1) == []


async def test_who_is_not_called_and_why(store: SqliteStore, tmp_path: Path) -> None:
    night = (datetime.now(UTC).hour - 1) % 24  # it is about one o'clock there
    asleep = f"Etc/GMT{night:+d}" if 0 < night <= 12 else f"Etc/GMT-{24 - night}" if night else "Etc/GMT"
    odd = {"short": "+8610086", "foreign": "+12025550123", "land": "+862166668888", "hotline": "+864008001234"}
    some = [people(1)[0].model_copy(update={"id": name, "phone": number}) for name, number in odd.items()]
    some += [*people(2), *people(1, first=9, time_zone="Mars/Olympus"), *people(2, first=50, time_zone=asleep)]
    campaigns = begin(store, some)
    begin(store, [people(1)[0].model_copy(update={"id": "twin"})], name="second")  # the number of c1

    def block(call: CampaignCall) -> None:
        """Somebody asks never to be called, when everything is ready to dial."""
        if call.candidate_id == "c2":
            store.block(DoNotCallEntry(number=call.number, reason=DoNotCallReason.CANDIDATE_ASKED, at=datetime.now(UTC)))

    async with troupe(campaign_settings(tmp_path), store) as play:
        play.caller.before_opening = block
        await play.until_finished("second")
        await play.until(lambda: campaigns.counts("spring").journeys.get(JourneyState.ENDED) == 7)
        await asyncio.sleep(0.5)
        dialled = sorted(call.number for _, call in play.caller.dialled)
    assert dialled == [number_of(1), odd["land"]]
    assert store.attempts("c2") == ()
    found = {one.candidate_id: (one.outcome, one.detail) for one in campaigns.journeys("spring")}
    assert found["foreign"] == ("number_refused", "foreign")
    assert found["hotline"] == ("number_refused", "service")
    assert found["short"][0] == "number_refused"
    assert found["c9"] == ("time_zone_unknown", None)
    assert found["c2"] == ("do_not_call", None)
    twins = [found["c1"][0], campaigns.journey("second", "twin").outcome]
    assert sorted(filter(None, twins)) == ["called_recently", "completed"]
    assert campaigns.counts("spring").journeys == {JourneyState.ENDED: 7, JourneyState.NEW: 2}  # who is asleep
