"""From the result to the interview, on the durable engine: planned once, reminded in time, also by a process that comes after."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hr_sync.durable import Durable
from hr_sync.followup.journey import InvitationCare
from hr_sync.followup.runner import FollowUpRunner, reschedule
from hr_sync.followup.settings import MessageRules
from hr_sync.records.assessment import Decision
from hr_sync.records.followups import InvitationState, MessageKind, MessageState, TaskKind
from hr_sync.store import SqliteStore
from hr_sync.store.executors import Executors
from hr_sync.store.followups import Followups
from tests.unit.followup_kit import NOW, case, finish, planner, rules, sample

AWAKE = {"quiet_from": "03:00", "quiet_until": "03:01"}


class Clock:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def running(
    store: SqliteStore, folder: Path, clock: Callable[[], datetime], settings: MessageRules | None = None
) -> AsyncIterator[FollowUpRunner]:
    async with (
        Durable(folder / "durable.db", Executors(store.connections)),
        FollowUpRunner(store, settings or rules(**AWAKE), folder, now=clock) as runner,
    ):
        yield runner


async def until(holds: Callable[[], bool], limit_s: float = 20) -> None:
    async with asyncio.timeout(limit_s):
        while not holds():  # noqa: ASYNC110 - what another process may write tells nobody
            await asyncio.sleep(0.02)


def sent(store: SqliteStore) -> set[str]:
    return {message.id for message in Followups(store.connections).messages(state=MessageState.SENT)}


async def test_a_result_is_followed_up_once_and_its_mail_leaves(tmp_path: Path) -> None:
    with sample(tmp_path) as store:
        finish(store, at=NOW)
        clock = Clock(NOW + timedelta(minutes=5))
        async with running(store, tmp_path, clock) as runner:
            await until(lambda: {"call-1.invitation.mail", "call-1.task.interview.mail"} <= sent(store))
            assert await runner.round() == 0
        assert len(list((tmp_path / "messages").glob("*.eml"))) == 2
        assert Followups(store.connections).unplanned() == ()


async def test_old_results_are_left_alone(tmp_path: Path) -> None:
    with sample(tmp_path) as store:
        finish(store, at=NOW)
        async with running(store, tmp_path, Clock(NOW + timedelta(days=10))):
            await until(lambda: not Followups(store.connections).unplanned())
        assert Followups(store.connections).counts() == {}


async def test_a_result_waits_a_moment_for_its_assessment(tmp_path: Path) -> None:
    with sample(tmp_path) as store:
        finish(store, at=NOW)
        clock = Clock(NOW - timedelta(seconds=50))  # ten seconds after the call
        async with running(store, tmp_path, clock) as runner:
            assert runner.plan_new() == 0
            clock.now += timedelta(minutes=1)
            await until(lambda: not Followups(store.connections).unplanned())


async def test_a_reminder_comes_though_the_server_was_away_when_it_was_due(tmp_path: Path) -> None:
    """The real clock, and a reminder after two seconds instead of a day."""
    settings = rules(**AWAKE, reminder_after_h=2 / 3600)
    with sample(tmp_path) as store:
        finish(store, at=datetime.now(UTC) - timedelta(seconds=40))
        async with running(store, tmp_path, real_time, settings):
            await until(lambda: "call-1.invitation.mail" in sent(store))
        assert "call-1.invitation_reminder.mail" not in sent(store)
        async with running(store, tmp_path, real_time, settings):
            await until(lambda: "call-1.invitation_reminder.mail" in sent(store))
            assert TaskKind.NO_REPLY in {task.kind for task in Followups(store.connections).tasks()}
        files = [path.name for path in (tmp_path / "messages").glob("*.eml")]
        assert sum("invitation_reminder" in name for name in files) == 1


def real_time() -> datetime:
    return datetime.now(UTC)


def care(store: SqliteStore, clock: Clock) -> tuple[InvitationCare, Followups]:
    followups = Followups(store.connections)
    finish(store, at=NOW)
    followups.write_plan("call-1", planner().after_call(case(store), NOW), NOW)
    return InvitationCare(store, followups, planner(), rules(), clock), followups


@pytest.fixture
def store(tmp_path: Path):
    with sample(tmp_path) as store:
        yield store


def test_what_an_invitation_needs_next(store: SqliteStore) -> None:
    clock = Clock()
    caring, followups = care(store, clock)
    name = "call-1.interview"
    assert caring.next(name) == {"do": "wait", "seconds": 4 * 3600}
    clock.now = NOW + timedelta(hours=23, minutes=59)
    assert caring.next(name) == {"do": "wait", "seconds": 60}
    clock.now += timedelta(minutes=1)
    assert caring.next(name)["do"] == "remind"
    caring.remind(name, MessageKind.INVITATION_REMINDER)
    caring.remind(name, MessageKind.INVITATION_REMINDER)  # a step that is run again
    assert caring.next(name)["do"] == "wait"
    kinds = [str(message.kind) for message in followups.messages()]
    assert kinds.count("invitation_reminder") == 1

    followups.answer(name, InvitationState.ACCEPTED, clock.now)
    clock.now = datetime(2026, 11, 25, 2, 0, tzinfo=NOW.tzinfo)  # the day before, at ten
    assert caring.next(name)["do"] == "day_before"
    caring.remind(name, MessageKind.DAY_BEFORE)
    assert caring.next(name)["do"] == "wait"
    (last,) = [message for message in followups.messages() if message.kind is MessageKind.DAY_BEFORE]
    assert "地铁六号线" in last.text

    clock.now = datetime(2026, 11, 26, 2, 0, tzinfo=NOW.tzinfo)
    assert caring.next(name)["do"] == "end"


def test_another_time_brings_another_reminder(store: SqliteStore) -> None:
    clock = Clock()
    caring, followups = care(store, clock)
    name = "call-1.interview"
    followups.answer(name, InvitationState.ACCEPTED, clock.now)
    clock.now = datetime(2026, 11, 25, 2, 0, tzinfo=NOW.tzinfo)
    caring.remind(name, MessageKind.DAY_BEFORE)
    moved = datetime(2026, 11, 30, 6, 0, tzinfo=NOW.tzinfo)
    reschedule(store, followups, planner(), name, moved, clock.now)
    assert followups.invitation(name).at == moved
    assert {message.kind for message in followups.messages(state=MessageState.WAITING)} == {MessageKind.CONFIRMATION}
    clock.now = datetime(2026, 11, 29, 2, 0, tzinfo=NOW.tzinfo)
    assert caring.next(name)["do"] == "day_before"


def test_who_declined_is_not_reminded(store: SqliteStore) -> None:
    clock = Clock()
    caring, followups = care(store, clock)
    followups.answer("call-1.interview", InvitationState.DECLINED, clock.now)
    clock.now += timedelta(hours=25)
    assert caring.next("call-1.interview")["do"] == "end"


async def test_a_decision_is_told_once(tmp_path: Path) -> None:
    with sample(tmp_path) as store:
        finish(store, at=NOW)
        clock = Clock(NOW + timedelta(minutes=5))
        async with running(store, tmp_path, clock) as runner:
            await until(lambda: "call-1.invitation.mail" in sent(store))
            store.decide(Decision(id="d-1", call_id="call-1", decision="reject", by="林晓", reason="经验不符", at=clock.now))
            await until(lambda: "call-1.feedback.mail" in sent(store))
            assert await asyncio.to_thread(runner.plan_new) == 0
        assert Followups(store.connections).invitation("call-1.interview").state is InvitationState.CANCELLED
        assert [entry.candidate_id for entry in Followups(store.connections).pool()] == ["zhang-wei"]


def test_a_decision_takes_back_what_has_not_left_and_what_stands_in_the_calendar(store: SqliteStore) -> None:
    caring, followups = care(store, Clock())
    rejected = Decision(id="d-1", call_id="call-1", decision="reject", by="林晓", reason="经验不符", at=NOW)
    accepted = followups.answer("call-1.interview", InvitationState.ACCEPTED, NOW)
    plan = planner().after_decision(case(store), rejected, NOW, [accepted])
    assert followups.write_decided(rejected, plan)
    assert not followups.write_decided(rejected, plan)
    waiting = followups.messages(state=MessageState.WAITING)
    assert [message.kind for message in waiting] == [MessageKind.FEEDBACK]
    assert "METHOD:CANCEL" in waiting[0].calendar
    assert "SEQUENCE:1" in waiting[0].calendar
    assert caring.next("call-1.interview")["do"] == "end"
