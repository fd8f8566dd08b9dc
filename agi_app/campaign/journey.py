"""The two durable workflows: a candidate's journey, and each of its calls.

A journey asks what comes next (a step, recorded), and waits, has a call placed, or ends. A call is a workflow of its own on the
queue of its trunk, which limits how many run at once and how many begin in a second, on all machines together. Neither keeps
anything in memory that matters: what has happened stands in the HR database, under ids that follow from campaign, candidate and
number of the call. Run again from any point they find there what they have done.
"""

from __future__ import annotations

import asyncio

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from agi_app.campaign import dialling
from agi_app.campaign.naming import Told, journey_id, queue
from hr_sync.durable import Durable

POLL_S = 1.0
"""How often a journey looks whether its call is over."""
_AGAIN_S = 2.0


@DBOS.step(name="journey_next")
async def next_told(campaign_id: str, candidate_id: str) -> Told:
    """Decide what comes next, and write where the journey stands."""
    use = dialling.current()
    return await use.persistently(lambda: use.decide(campaign_id, candidate_id))


@DBOS.workflow(name="journey", max_recovery_attempts=None)
async def journey(campaign_id: str, candidate_id: str) -> str:
    """A candidate's way through a campaign; returns its outcome."""
    with Durable.current().tracked():
        turn = 0
        while True:
            told = await next_told(campaign_id, candidate_id)
            match told["do"]:
                case "end":
                    return told["outcome"]
                case "wait":
                    await DBOS.sleep_async(told["seconds"])
                case "hold":
                    await dialling.current().resumed(campaign_id)
                case _:
                    turn += 1
                    await _have_called(campaign_id, candidate_id, turn, told)


async def _have_called(campaign_id: str, candidate_id: str, turn: int, told: Told) -> None:
    with (
        SetWorkflowID(f"{journey_id(campaign_id, candidate_id)}/{turn}"),
        SetEnqueueOptions(priority=told["priority"]),
    ):
        handle = await DBOS.enqueue_workflow_async(
            queue(told["trunk"]), call, campaign_id, candidate_id, told["number"], told["priority"]
        )
    if not await handle.get_result(polling_interval_sec=POLL_S):
        await asyncio.sleep(_AGAIN_S)  # it was not admitted: ask again what comes next, but not in a circle


@DBOS.workflow(name="journey_call", max_recovery_attempts=None)
async def call(campaign_id: str, candidate_id: str, number: int, priority: int) -> bool:
    """One call of a journey; returns whether it was placed, now or before a crash. Its result stands in the HR database."""
    with Durable.current().tracked():
        use = dialling.current()
        return await use.persistently(lambda: use.place(campaign_id, candidate_id, number, priority))
