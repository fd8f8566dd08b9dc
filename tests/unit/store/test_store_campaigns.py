"""Campaigns in the HR database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hr_sync.errors import ConflictError, DoNotCallError, InvalidDataError, NotAdmittedError, NotFoundError
from hr_sync.records import CallAttempt, CallResult, Disposition, DoNotCallEntry, DoNotCallReason
from hr_sync.records.campaigns import CampaignEvent, CampaignEventKind, CampaignState, JourneyState
from hr_sync.store import SqliteStore
from hr_sync.store.campaigns import Admission, Campaigns
from hr_sync.store.executors import Executors
from tests.campaign_stage import JOB, begin, number_of, people

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "hr.db") as made:
        yield made


@pytest.fixture
def campaigns(store: SqliteStore) -> Campaigns:
    return begin(store, people(3))


def attempt(call_id: str = "call-1", candidate: str = "c1", at: datetime = NOW) -> CallAttempt:
    return CallAttempt(call_id=call_id, candidate_id=candidate, job_id=JOB, started_at=at, owner="host:1:1")


def admission(number: int = 1, **changes: Any) -> Admission:
    fields: dict[str, Any] = {
        "campaign_id": "spring",
        "number": number,
        "phone": number_of(1),
        "trunk": "carrier",
        "caller_id": None,
    }
    return Admission(**fields | {"due_at": NOW, "once_since": NOW - timedelta(days=7)} | changes)


def finish(store: SqliteStore, call: CallAttempt, disposition: Disposition = Disposition.BUSY, **fields: Any) -> None:
    known = {"call_id": call.call_id, "attempt": call.attempt, "candidate_id": call.candidate_id, "job_id": call.job_id}
    times = {"disposition": disposition, "started_at": call.started_at, "ended_at": call.started_at + timedelta(seconds=9)}
    store.finish(CallResult.model_validate(known | times | fields))


def test_a_call_is_admitted_once_and_found_again(store: SqliteStore, campaigns: Campaigns) -> None:
    first = campaigns.admit(attempt(), admission())
    assert campaigns.admit(attempt(), admission()) == first
    assert store.unfinished() == (first,)
    [call] = campaigns.facts("spring", "c1", once_since=NOW).calls
    assert (call.call_id, call.number, call.trunk, call.disposition, call.owner) == ("call-1", 1, "carrier", None, "host:1:1")
    journey = campaigns.journey("spring", "c1")
    assert (journey.state, journey.attempts) == (JourneyState.CALLING, 1)


@pytest.mark.parametrize(("reason", "changes"), [("out_of_turn", {"number": 2}), ("number_changed", {"phone": "+8613912345678"})])
def test_what_is_not_admitted(store: SqliteStore, campaigns: Campaigns, reason: str, changes: dict[str, Any]) -> None:
    with pytest.raises(NotAdmittedError) as caught:
        campaigns.admit(attempt(), admission(**changes))
    assert caught.value.reason == reason
    assert store.attempts("c1") == ()


def test_nothing_is_admitted_while_paused_or_blocked_or_while_a_call_runs(store: SqliteStore, campaigns: Campaigns) -> None:
    campaigns.move("spring", CampaignState.PAUSED, NOW)
    with pytest.raises(NotAdmittedError, match="paused"):
        campaigns.admit(attempt(), admission())
    campaigns.move("spring", CampaignState.RUNNING, NOW)
    store.block(DoNotCallEntry(number=number_of(1), reason=DoNotCallReason.HR_DECIDED, at=NOW))
    with pytest.raises(DoNotCallError):
        campaigns.admit(attempt(), admission())
    store.unblock(number_of(1))
    opened = campaigns.admit(attempt(), admission())
    with pytest.raises(NotAdmittedError, match="out_of_turn"):
        campaigns.admit(attempt("call-2"), admission(2))
    finish(store, opened)
    assert campaigns.admit(attempt("call-2"), admission(2)).attempt == 2


def test_a_number_that_another_campaign_called_is_left_alone(store: SqliteStore, campaigns: Campaigns) -> None:
    twin = people(1)[0].model_copy(update={"id": "twin"})
    begin(store, [twin], name="other")
    opened = campaigns.admit(attempt(), admission())
    other = {"campaign_id": "other", "phone": number_of(1)}
    with pytest.raises(NotAdmittedError, match="called_recently"):
        campaigns.admit(attempt("call-2", "twin"), admission(**other))
    finish(store, opened, Disposition.TRUNK_FAILED)  # it never reached the number
    assert campaigns.facts("other", "twin", once_since=NOW - timedelta(days=1)).elsewhere_at is None
    again = campaigns.admit(attempt("call-3", at=NOW + timedelta(minutes=1)), admission(2))
    finish(store, again)
    assert campaigns.facts("other", "twin", once_since=NOW - timedelta(days=1)).elsewhere_at == again.started_at
    assert campaigns.facts("other", "twin", once_since=NOW + timedelta(days=1)).elsewhere_at is None


def test_a_call_by_hand_about_the_same_job_does_not_count_but_its_conclusion_does(store: SqliteStore, campaigns: Campaigns) -> None:
    now = datetime.now(UTC)
    opened = store.open_attempt(attempt(at=now))
    facts = campaigns.facts("spring", "c1", once_since=now - timedelta(days=1))
    assert (facts.elsewhere_at, facts.concluded, facts.engaged) == (None, None, True)
    with pytest.raises(NotAdmittedError, match="engaged"):
        campaigns.admit(attempt("call-2"), admission())
    finish(store, opened, Disposition.COMPLETED, slots={"callback_time": {"at": "2026-03-03T10:00:00"}})
    assert campaigns.facts("spring", "c1", once_since=now).concluded is Disposition.COMPLETED
    with pytest.raises(NotAdmittedError, match="ended"):
        campaigns.admit(attempt("call-2"), admission())


def test_states_move_only_where_they_may(campaigns: Campaigns) -> None:
    assert not campaigns.move("spring", CampaignState.RUNNING, NOW)
    with pytest.raises(ConflictError, match="is running and cannot become draft"):
        campaigns.move("spring", CampaignState.DRAFT, NOW)
    assert not campaigns.finish_if_done("spring", NOW)
    for journey in campaigns.journeys("spring"):
        campaigns.advance(journey.model_copy(update={"state": JourneyState.ENDED, "outcome": "busy"}))
    assert campaigns.finish_if_done("spring", NOW)
    assert not campaigns.finish_if_done("spring", NOW)
    assert campaigns.campaign("spring").ended_at == NOW


def test_an_ended_journey_stays_and_an_event_is_told_once(campaigns: Campaigns) -> None:
    journey = campaigns.journey("spring", "c1").model_copy(update={"state": JourneyState.ENDED, "outcome": "busy"})
    event = CampaignEvent(
        cursor=0, kind=CampaignEventKind.JOURNEY_ENDED, campaign_id="spring", candidate_id="c1", job_id=JOB, at=NOW, detail={"a": 1}
    )
    campaigns.advance(journey, [event])
    campaigns.advance(journey.model_copy(update={"outcome": "completed"}), [event])
    assert campaigns.journey("spring", "c1").outcome == "busy"
    assert campaigns.events() == (event.model_copy(update={"cursor": 1}),)
    assert campaigns.events(after=1) == ()
    assert campaigns.events(kinds=[CampaignEventKind.SMS_WANTED]) == ()


def test_what_is_refused_whole(store: SqliteStore, campaigns: Campaigns) -> None:
    campaign = campaigns.campaign("spring")
    with pytest.raises(ConflictError, match="already"):
        campaigns.create(campaign, ["c1"])
    other = campaign.model_copy(update={"id": "other"})
    with pytest.raises(InvalidDataError, match="without candidates"):
        campaigns.create(other, [])
    with pytest.raises(InvalidDataError, match="twice"):
        campaigns.create(other, ["c1", "c1"])
    with pytest.raises(NotFoundError, match="nobody"):
        campaigns.create(other, ["c1", "nobody"])
    with pytest.raises(NotFoundError, match="no campaign other"):
        campaigns.campaign("other")
    with pytest.raises(NotFoundError, match="does not call candidate nobody"):
        campaigns.journey("spring", "nobody")


def test_candidates_come_in_the_order_they_were_named_and_by_time_zone(store: SqliteStore) -> None:
    some = [*people(2, first=5, time_zone="Asia/Urumqi"), *people(2, time_zone="Asia/Shanghai")]
    campaigns = begin(store, some)
    assert campaigns.new_time_zones("spring") == ("Asia/Shanghai", "Asia/Urumqi")
    assert campaigns.next_candidates("spring", ["Asia/Shanghai", "Asia/Urumqi"], 3) == ("c5", "c6", "c1")
    assert campaigns.next_candidates("spring", ["Asia/Shanghai"], 3) == ("c1", "c2")


def test_the_roster_of_executors(store: SqliteStore) -> None:
    roster = Executors(store.connections)
    roster.sign("hireline", "host:1:1", NOW)
    roster.sign("hireline", "host:1:1", NOW + timedelta(seconds=5))
    roster.sign("other", "host:2:2", NOW)
    assert roster.signed("hireline") == {"host:1:1": NOW + timedelta(seconds=5)}
    roster.strike("hireline", "host:1:1")
    assert roster.signed("hireline") == {}
    assert roster.signed("other") == {"host:2:2": NOW}
