"""`hireline serve` and `hireline call`: the phone wing in production."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from agi_app.cli.live import LiveView
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.cli.result_view import print_result
from agi_app.cli.start import load_and_log, phone_wing, stop_signals
from agi_app.config import Settings
from agi_app.control import CallOrder, ControlClient, ControlServer
from agi_app.errors import AriError
from agi_app.exchange import exchange
from agi_app.interview.events import CallFinished
from agi_app.interview.reception import Reception
from agi_app.monitoring import MonitoringServer
from agi_app.telephony.secrets import load_secrets
from hr_sync.followup import service as follow_ups
from hr_sync.records import CallResult, Disposition
from hr_sync.store import SqliteStore

if TYPE_CHECKING:
    from agi_app.campaign.runner import CampaignRunner

FAILED = {Disposition.SYSTEM_FAILED, Disposition.TRUNK_FAILED}
"""Dispositions that are ours to answer for: the command then exits with 1."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(call)


def serve() -> None:
    """Run the phone wing: Asterisk (unless asterisk.managed is false), ARI app, media server, control port, started campaigns.

    The first Ctrl-C or SIGTERM lets running calls end (those of campaigns for at most campaign.drain_s) and begins no new ones; the
    second ends them at once.

    Example: hireline serve
    """
    settings = load_and_log()
    asyncio.run(_serve(settings, Console()))


async def _serve(settings: Settings, console: Console) -> None:
    token = load_secrets(settings.state).control_token
    following_up = follow_ups.prepare(settings.messages, settings.state)  # before the durable engine starts
    async with (
        phone_wing(settings, console) as hireline,
        MonitoringServer(hireline, settings.monitoring) if settings.monitoring.enabled else nullcontext(),
        ControlServer(hireline, settings.control, token) as control,
        hireline.campaigns() as campaigns,
        hireline.reception() if settings.inbound.enabled else nullcontext() as reception,
        exchange(settings, hireline.store) as other_systems,
        following_up(hireline.store),
    ):
        stop = stop_signals()
        console.print(f"serving; orders on {settings.control.host}:{control.port}, Ctrl-C to stop", highlight=False)
        console.print(other_systems.summary, highlight=False)
        await _until_stopped(stop, hireline.failed)
        if calls := control.calls + campaigns.calls + (reception.calls if reception else 0):
            console.print(f"no new calls; waiting for {calls} to end, again Ctrl-C to end them at once", highlight=False)
        draining, impatient = asyncio.create_task(_drained(control, campaigns, reception)), asyncio.create_task(stop.get())
        await asyncio.wait({draining, impatient}, return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        impatient.cancel()


async def _until_stopped(stop: asyncio.Queue[int], failed: asyncio.Future[AriError]) -> None:
    """Return at the first wish to stop. Raises the AriError for which Asterisk was given up: then every call has ended already."""
    wish = asyncio.create_task(stop.get())
    try:
        either: list[asyncio.Future[Any]] = [wish, failed]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        wish.cancel()
    if failed.done():
        raise failed.result()


async def _drained(control: ControlServer, campaigns: CampaignRunner, reception: Reception | None) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(control.drain())
        group.create_task(campaigns.drain())
        if reception is not None:
            group.create_task(reception.drain())


def call(
    candidate: str = typer.Option(..., "--candidate", help="Id of the candidate in the HR database."),
    job: str = typer.Option(..., "--job", help="Id of the job."),
    to: str | None = typer.Option(None, "--to", help="Number or Asterisk endpoint; the candidate's own number by default."),
    json_path: str | None = JsonPath,
) -> None:
    """Interview one candidate now: by the running server, or, when none runs, by one started for this call.

    Examples: hireline call --candidate zhang-wei --job key-account-sales · hireline call --candidate zhang-wei
    --job key-account-sales --to PJSIP/alice
    """
    settings = load_and_log()
    console = console_for(json_path)
    result = asyncio.run(_call(settings, CallOrder(candidate_id=candidate, job_id=job, to=to), console))
    with SqliteStore(settings.database) as store:
        name, about = store.candidate(candidate).name, store.job(job)
    print_result(console, result, name=name, job=about)
    write_json(result.model_dump(mode="json"), json_path)
    if result.disposition in FAILED:
        raise typer.Exit(1)


async def _call(settings: Settings, order: CallOrder, console: Console) -> CallResult:
    view = LiveView(console)
    client = ControlClient(settings.control, load_secrets(settings.state).control_token)
    if await client.running():
        async for event in client.call(order):
            view(event)
            if isinstance(event, CallFinished):
                return event.result
        raise client.broken()
    async with phone_wing(settings, console) as hireline, exchange(settings, hireline.store, api=False):
        return await hireline.interview(order.candidate_id, order.job_id, order.to, listener=view)
