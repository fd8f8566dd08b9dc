"""The durable engine by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dbos import DBOS, SetWorkflowID

from hr_sync.durable import Durable
from hr_sync.errors import DurableError
from hr_sync.owner import this_process
from hr_sync.store import SqliteStore
from hr_sync.store.executors import Executors

DEAD = this_process().rsplit(":", 2)[0] + ":4194304:1"
"""Above the largest process id there can be."""
steps: list[str] = []
gate = asyncio.Event()


@DBOS.step(name="test_note")
async def note(what: str) -> str:
    steps.append(what)
    return what


@DBOS.workflow(name="test_errand")
async def errand(what: str) -> str:
    with Durable.current().tracked():
        await note(f"{what} begun")
        await gate.wait()
        await note(f"{what} done")
        return what


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Executors]:
    steps.clear()
    gate.clear()
    with SqliteStore(tmp_path / "hr.db") as store:
        yield Executors(store.connections)


async def begin(what: str) -> None:
    with SetWorkflowID(what):
        await DBOS.start_workflow_async(errand, what)
    async with asyncio.timeout(30):
        while f"{what} begun" not in steps:  # noqa: ASYNC110 - noted by a workflow
            await asyncio.sleep(0.01)


async def outcome(what: str) -> str:
    handle = await DBOS.retrieve_workflow_async(what)
    return str(await asyncio.wait_for(handle.get_result(polling_interval_sec=0.05), 30))


async def test_what_was_under_way_goes_on_at_the_next_start_without_doing_a_step_twice(roster: Executors, tmp_path: Path) -> None:
    async with Durable(tmp_path / "durable.db", roster):
        await begin("letter")
    assert (tmp_path / "durable.db").stat().st_mode & 0o077 == 0
    assert await asyncio.to_thread(lambda: "threads work") == "threads work"
    gate.set()
    async with Durable(tmp_path / "durable.db", roster):
        assert await outcome("letter") == "letter"
    assert steps == ["letter begun", "letter done"]


async def test_a_dead_process_is_buried_and_its_work_taken_over_once(roster: Executors, tmp_path: Path) -> None:
    buried = []

    async def bury(executor: str) -> None:
        buried.append(executor)

    async with Durable(tmp_path / "durable.db", roster, executor=DEAD):
        await begin("parcel")
    assert roster.signed("hireline").keys() == {DEAD}
    gate.set()
    async with Durable(tmp_path / "durable.db", roster, bury=bury) as engine:
        assert await outcome("parcel") == "parcel"
        assert await engine.take_over() == 0
    assert buried == [DEAD]
    assert steps == ["parcel begun", "parcel done"]
    assert roster.signed("hireline").keys() == {this_process()}


async def test_a_living_process_and_another_application_are_left_alone(roster: Executors, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    roster.sign("hireline", "elsewhere:1:1", now - timedelta(seconds=30))  # on another machine, signed a while ago
    roster.sign("hireline", "faraway:1:1", now - timedelta(minutes=5))
    roster.sign("other", DEAD, now)
    async with Durable(tmp_path / "durable.db", roster) as engine:
        await engine.take_over()
    assert roster.signed("hireline").keys() == {"elsewhere:1:1", this_process()}
    assert roster.signed("other").keys() == {DEAD}


async def test_what_ended_long_ago_is_cleared_away(roster: Executors, tmp_path: Path) -> None:
    gate.set()
    async with Durable(tmp_path / "durable.db", roster) as engine:
        await begin("old")
        assert await outcome("old") == "old"
        assert await engine.clear(datetime.now(UTC) - timedelta(days=1)) == 0
        assert await engine.clear(datetime.now(UTC) + timedelta(seconds=1)) == 1
        assert await DBOS.list_workflows_async() == []


async def test_what_cannot_be_used(roster: Executors, tmp_path: Path) -> None:
    with pytest.raises(DurableError, match="does not run"):
        Durable.current()
    for database, complaint in (("no url", "no database URL"), ("postgresql+psycopg://u:p@127.0.0.1:1/x", "cannot be used")):
        with pytest.raises(DurableError, match=complaint) as caught:
            async with Durable(database, roster):
                pass
        assert ":p@" not in str(caught.value)
    async with Durable(tmp_path / "durable.db", roster):
        with pytest.raises(DurableError, match="runs in this process already"):
            async with Durable(tmp_path / "other.db", roster):
                pass
