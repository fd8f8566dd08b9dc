"""What comes next for a candidate: decisions over facts, rules and the hour, nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.campaign.plan import Dial, End, Hold, Step, Wait, next_step, promised_at
from agi_app.campaign.retry import RetryRules
from hr_sync.calling_hours import CallingHours, zone
from hr_sync.records import Disposition
from hr_sync.records.campaigns import Campaign, CampaignState, Journey, JourneyCall, JourneyFacts, JourneyState

HOME = "Asia/Shanghai"
RULES = RetryRules.load()
HOURS = CallingHours()
D = Disposition


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2026, whose 2nd is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=zone(HOME)).astimezone(UTC)


def made(number: int, disposition: Disposition | None, at: datetime, callback: dict[str, object] | None = None) -> JourneyCall:
    return JourneyCall(
        call_id=f"call-{number}",
        number=number,
        trunk="carrier",
        opened_at=at,
        disposition=disposition,
        ended_at=at if disposition else None,
        callback=callback,
        owner="host:1:1",
        answered=False,
    )


def facts(*calls: JourneyCall, attempts: int = 3, state: CampaignState = CampaignState.RUNNING, **changes: Any) -> JourneyFacts:
    at = local(1, 12)
    campaign = Campaign(id="spring", name="spring", job_id="job", state=state, attempts=attempts, created_at=at)
    journey = Journey(campaign_id="spring", candidate_id="c1", attempts=len(calls), updated_at=at)
    known: dict[str, Any] = {"phone": "+8613800000001", "time_zone": HOME, "urgent": False, "blocked": False}
    known |= {"engaged": False, "elsewhere_at": None, "concluded": None, "calls": calls} | changes
    return JourneyFacts(campaign=campaign, journey=known.pop("journey", journey), **known)


def step(*calls: JourneyCall, now: datetime, **changes: Any) -> Step:
    return next_step(facts(*calls, **changes), RULES, HOURS, now)


def test_the_first_call_waits_for_the_calling_hours() -> None:
    assert step(now=local(2, 8, 59)) == Wait(local(2, 9))
    assert step(now=local(2, 9)) == Dial(1, local(2, 9), 200)
    assert step(now=local(2, 12, 30)) == Wait(local(2, 14))
    assert step(now=local(6, 20)) == Wait(local(9, 9))  # Friday evening


def test_the_hours_are_those_where_the_candidate_is() -> None:
    assert isinstance(step(now=local(2, 10), time_zone="Europe/London"), Wait)
    assert isinstance(step(now=local(2, 18), time_zone="Europe/London"), Dial)


def test_who_did_not_answer_in_the_morning_is_tried_in_the_afternoon() -> None:
    assert step(made(1, D.NO_ANSWER, local(2, 9)), now=local(2, 9, 1)) == Wait(local(2, 14))
    assert step(made(1, D.NO_ANSWER, local(2, 15)), now=local(2, 15, 1)) == Wait(local(2, 18))


def test_busy_is_tried_again_soon_and_later_each_time() -> None:
    first, second = made(1, D.BUSY, local(2, 9)), made(2, D.BUSY, local(2, 9, 15))
    assert step(first, now=local(2, 9, 1)) == Wait(local(2, 9, 15))
    assert step(first, now=local(2, 9, 15)) == Dial(2, local(2, 9, 15), 200)
    assert step(first, second, now=local(2, 9, 16)) == Wait(local(2, 10, 15))


def test_a_rule_and_the_campaign_both_limit_the_calls() -> None:
    calls = [made(number, D.NO_ANSWER, local(2, 9)) for number in (1, 2, 3)]
    assert step(*calls, now=local(4, 9), attempts=9) == End("no_answer", "the rule's further calls are used up")
    assert step(*calls[:2], now=local(4, 9), attempts=2) == End("no_answer", "the campaign's attempts are used up")


def test_a_dead_trunk_does_not_use_the_attempts_up() -> None:
    calls = [made(number, D.TRUNK_FAILED, local(2, 9)) for number in (1, 2, 3)]
    assert step(*calls, now=local(2, 11), attempts=1) == Dial(4, local(2, 9, 30), 200)


@pytest.mark.parametrize("disposition", [D.COMPLETED, D.STOP_CALLING, D.WRONG_PERSON, D.INVALID_NUMBER, D.OUT_OF_SERVICE])
def test_some_ends_are_final(disposition: Disposition) -> None:
    assert step(made(1, disposition, local(2, 9)), now=local(5, 9)) == End(str(disposition))


def test_a_call_without_a_result_is_settled_before_all_else() -> None:
    found = step(made(1, None, local(2, 9)), now=local(3, 3), blocked=True, state=CampaignState.PAUSED)
    assert found == Dial(1, local(2, 9), 1)


def test_what_forbids_a_call() -> None:
    now = local(2, 9)
    assert step(now=now, blocked=True) == End("do_not_call")
    assert step(now=now, elsewhere_at=local(1, 9)) == End("called_recently")
    assert step(now=now, concluded=D.COMPLETED) == End("concluded_elsewhere", "completed")
    assert step(now=now, phone="+12025550123") == End("number_refused", "foreign")
    assert step(now=now, state=CampaignState.PAUSED) == Hold()
    assert step(now=now, time_zone="Mars/Olympus") == End("time_zone_unknown")
    assert step(now=now, engaged=True) == Wait(now + timedelta(seconds=30))  # they are talking with us
    ended = Journey(campaign_id="spring", candidate_id="c1", state=JourneyState.ENDED, outcome="busy", updated_at=now)
    assert step(now=now, journey=ended) == End("busy")


def test_urgent_jobs_come_before_any_priority() -> None:
    assert step(now=local(2, 9), urgent=True) == Dial(1, local(2, 9), 100)


def test_a_promise_is_kept_to_the_minute_even_outside_the_usual_hours() -> None:
    lunch = made(1, D.CALLBACK, local(2, 9), {"at": "2026-03-02T12:40:00+08:00"})
    assert step(lunch, now=local(2, 9, 1)) == Wait(local(2, 12, 40))
    assert step(lunch, now=local(2, 12, 40)) == Dial(2, local(2, 12, 40), 1)
    weekend = made(1, D.CALLBACK, local(6, 9), {"date": "2026-03-07", "part": "afternoon"})
    assert step(weekend, now=local(6, 10)) == Wait(local(7, 14, 30))


def test_a_promise_for_the_night_is_kept_in_the_morning() -> None:
    night = made(1, D.CALLBACK, local(2, 9), {"at": "2026-03-02T22:30:00"})
    assert step(night, now=local(2, 10)) == Wait(local(3, 8))


def test_a_promise_that_was_missed_waits_for_the_usual_hours() -> None:
    lunch = made(1, D.CALLBACK, local(2, 9), {"at": "2026-03-02T12:10:00"})
    assert isinstance(step(lunch, now=local(2, 12, 35)), Dial)  # a little late
    assert step(lunch, now=local(2, 12, 45)) == Wait(local(2, 14))  # too late


def test_without_a_time_the_rule_says_when() -> None:
    assert step(made(1, D.CALLBACK, local(2, 9)), now=local(2, 9, 1)) == Wait(local(2, 14))
    assert promised_at({"at": "2026-03-01T10:00:00"}, local(2, 9), HOME) is None  # before it was asked for
    assert promised_at({"at": "soon"}, local(2, 9), HOME) is None
    assert promised_at({"date": "2026-03-03"}, local(2, 9), HOME) == local(3, 9, 30)


@given(
    outcomes=st.lists(st.sampled_from(list(D)), max_size=12),
    minutes=st.integers(0, 60 * 24 * 400),
    attempts=st.integers(1, 5),
    callback=st.none() | st.just({"at": "2026-03-05T23:00:00"}) | st.just({"date": "2026-10-01", "part": "evening"}),
)
def test_whatever_happened_nobody_is_dialled_at_night_or_too_often(
    outcomes: list[Disposition], minutes: int, attempts: int, callback: dict[str, object] | None
) -> None:
    start = local(2, 9)
    calls = [made(place, outcome, start + timedelta(hours=place), callback) for place, outcome in enumerate(outcomes, 1)]
    now = start + timedelta(minutes=minutes)
    found = next_step(facts(*calls, attempts=attempts), RULES, HOURS, now)
    if isinstance(found, Dial):
        assert 8 <= now.astimezone(zone(HOME)).hour < 21
        assert found.due_at <= now
        assert found.number == len(calls) + 1
        assert sum(RULES[outcome].counts for outcome in outcomes) < attempts
        assert not {D.STOP_CALLING, D.COMPLETED, D.WRONG_PERSON} & {outcomes[-1] if outcomes else D.BUSY}
    elif isinstance(found, Wait):
        assert found.until > now
        assert 8 <= found.until.astimezone(zone(HOME)).hour < 21
