"""Small parts of campaigns: retry rules, caller ID, slots, names."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from agi_app.campaign import caller_id
from agi_app.campaign.caller import trunk_of
from agi_app.campaign.naming import call_id_of
from agi_app.campaign.retry import SHIPPED, RetryRules, read
from agi_app.campaign.slots import Pace, Slots
from agi_app.errors import ConfigError
from hr_sync.records import Disposition


def test_the_shipped_rules() -> None:
    rules = RetryRules.load()
    assert rules[Disposition.BUSY].pause(1) == timedelta(minutes=15)
    assert rules[Disposition.BUSY].pause(9) == timedelta(hours=4)
    assert rules[Disposition.NO_ANSWER].sms
    assert not rules[Disposition.TRUNK_FAILED].counts
    assert rules[Disposition.COMPLETED].again == 0
    comment = SHIPPED.read_text("utf-8").replace("\n# ", " ")
    unlisted = [disposition for disposition in Disposition if disposition not in read(SHIPPED)]
    assert f"end the journey: {', '.join(unlisted)}." in comment


def test_a_campaign_replaces_single_rules() -> None:
    rules = RetryRules.load().replaced_by({"busy": {"again": 1, "after": ["30s"]}})
    assert (rules[Disposition.BUSY].again, rules[Disposition.BUSY].pause(1)) == (1, timedelta(seconds=30))
    assert rules[Disposition.NO_ANSWER].again == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("busy: {again: 1}", "needs a pause"),
        ("busy: {again: 1, after: [soon]}", "a pause is written like"),
        ("bussy: {again: 1, after: [1m]}", "bussy"),
        ("stop_calling: {again: 1, after: [1m]}", "never called again"),
        ("[busy]", "a table of dispositions"),
        ("busy: {", "line 1"),
    ],
)
def test_rules_that_cannot_be_used(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "retry.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint) as caught:
        RetryRules.load(path)
    assert caught.value.where == str(path)


def test_the_caller_id_nearest_to_the_candidate() -> None:
    ours = ("01088886666", "02166668888", "075588886666")
    assert caller_id.choose(ours, "+862112345678") == "02166668888"
    assert caller_id.choose(ours, "+862088886666") == "075588886666"  # Guangzhou: the same province
    assert caller_id.choose(ours, "+862888886666") == "01088886666"  # Chengdu: none is near
    assert caller_id.choose(("+8610",), "+8613800000001") == "+8610"
    assert caller_id.choose((), "+8613800000001") is None


def test_trunks_of_dial_strings() -> None:
    assert trunk_of("PJSIP/13800000001@carrier-a") == "carrier-a"
    assert trunk_of("Local/1@context/n") == "context"
    assert trunk_of("PJSIP/alice") == "alice"


def test_call_ids_are_stable_distinct_and_short() -> None:
    ids = {call_id_of(f"campaign-{c}", f"candidate-{p}", n) for c in range(9) for p in range(9) for n in range(3)}
    assert len(ids) == 243
    assert call_id_of("spring", "c1", 2) == call_id_of("spring", "c1", 2)
    assert len(call_id_of("x" * 80, "y" * 80, 20)) <= 80


async def test_slots_go_by_priority_then_by_order() -> None:
    slots, order = Slots(1), []

    async def take(name: str, priority: int) -> None:
        async with slots.taken(priority):
            order.append(name)

    async with slots.taken(1):
        tasks = []
        for name, priority in (("late", 3), ("second", 2), ("gone", 1), ("third", 2)):
            tasks.append(asyncio.create_task(take(name, priority)))
            await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == ["second", "third", "late"]
    async with asyncio.timeout(1), slots.taken(1):
        pass


async def test_a_pace_is_kept_but_not_by_calls_that_were_not_made() -> None:
    pace, loop, at = Pace(), asyncio.get_running_loop(), []

    async def call(made: bool) -> None:
        async with pace.kept(0.05):
            at.append(loop.time())
            if not made:
                raise ConfigError("not dialled")

    await asyncio.gather(call(True), call(True), call(False), call(True), return_exceptions=True)
    first, second, third, fourth = at
    assert second - first >= 0.05
    assert third - second >= 0.05
    assert fourth - third < 0.04
