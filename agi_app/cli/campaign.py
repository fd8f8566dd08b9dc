"""`hireline campaign …`: calls to many. The running server (`hireline serve`) makes them; these commands tell it what to do."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agi_app.campaign.retry import RetryRules, read
from agi_app.cli.campaign_view import Standing, look
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.cli.start import load_and_log
from agi_app.config import Settings
from hr_sync import phone
from hr_sync.errors import InvalidDataError
from hr_sync.records import Candidate, ScreeningOutcome
from hr_sync.records.campaigns import Campaign, CampaignState, JourneyState
from hr_sync.store import SqliteStore
from hr_sync.store.campaigns import Campaigns

_PAGE = 1000
_WATCH_S = 1.0
Id = typer.Argument(..., help="Id of the campaign.")
Watch = typer.Option(False, "--watch", help="Stay, with progress bars, until the campaign has finished or Ctrl-C.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Calls to many: who is called when, how often, and how far it has come.", no_args_is_help=True)
    app.add_typer(group, name="campaign")
    group.command("create")(create)
    group.command("start")(start)
    group.command("pause")(pause)
    group.command("resume")(resume)
    group.command("status")(status)
    group.command("list")(list_campaigns)


def create(
    campaign: str = typer.Argument(..., help="Id of the new campaign: letters, digits, . _ -"),
    job: str = typer.Option(..., "--job", help="Id of the job the calls are about."),
    candidate: list[str] = typer.Option([], "--candidate", help="Id of a candidate; may be given several times."),
    file: Path | None = typer.Option(None, "--from", exists=True, dir_okay=False, help="File with one candidate id a line."),
    tag: str | None = typer.Option(None, "--tag", help="All candidates with this tag."),
    screening: str | None = typer.Option(None, "--screening", help="Everybody who matched in this screening, best first."),
    everybody: bool = typer.Option(False, "--all", help="Every candidate of the HR database."),
    name: str | None = typer.Option(None, "--name", help="What people call it; the id by default."),
    attempts: int = typer.Option(3, "--attempts", min=1, max=20, help="At most so many calls to one candidate."),
    priority: int = typer.Option(0, "--priority", min=0, max=9, help="Higher is dialled first; urgent jobs come before all."),
    retry: Path | None = typer.Option(
        None, "--retry", exists=True, dir_okay=False, help="YAML with retry rules that replace single ones of the shipped file."
    ),
    json_path: str | None = JsonPath,
) -> None:
    """Write down whom to call about a job. Nothing is dialled before `campaign start`.

    Examples: hireline campaign create spring --job customer-service --tag 2026 · hireline campaign create vip --job
    java-developer --candidate zhang-wei --candidate li-na --priority 5
    """
    settings = load_and_log()
    console = console_for(json_path)
    rules = read(retry) if retry else {}
    RetryRules.load().replaced_by(rules)
    with SqliteStore(settings.database) as store:
        found = _chosen(store, candidate, file, tag, screening, everybody)
        made = Campaigns(store.connections).create(
            Campaign(
                id=campaign,
                name=name or campaign,
                job_id=job,
                attempts=attempts,
                priority=priority,
                retry=rules,
                created_at=datetime.now(UTC),
            ),
            [one.id for one in found],
        )
        refused = {one.id: problem for one in found if (problem := _problem(store, one)) is not None}
    console.print(f"campaign {made.id}: {len(found)} candidates; start it with: hireline campaign start {made.id}", highlight=False)
    if refused:
        console.print(_refused_table(refused))
    write_json({"campaign": made.model_dump(mode="json"), "candidates": len(found), "not_callable": refused}, json_path)


def start(campaign: str = Id, watch: bool = Watch, json_path: str | None = JsonPath) -> None:
    """Start a campaign; the running server dials from now on, within the calling hours.

    Example: hireline campaign start spring --watch
    """
    _move(campaign, CampaignState.RUNNING, watch=watch, json_path=json_path)


def pause(campaign: str = Id, json_path: str | None = JsonPath) -> None:
    """Dial no more, at once; calls that are under way end as they would.

    Example: hireline campaign pause spring
    """
    _move(campaign, CampaignState.PAUSED, watch=False, json_path=json_path)


def resume(campaign: str = Id, watch: bool = Watch, json_path: str | None = JsonPath) -> None:
    """Go on with a paused campaign.

    Example: hireline campaign resume spring
    """
    _move(campaign, CampaignState.RUNNING, watch=watch, json_path=json_path)


def status(campaign: str = Id, watch: bool = Watch, json_path: str | None = JsonPath) -> None:
    """How far a campaign has come: journeys, outcomes, calls, when the next one is due.

    Examples: hireline campaign status spring · hireline campaign status spring --json -
    """
    settings = load_and_log()
    with SqliteStore(settings.database) as store:
        _show(settings, store, campaign, watch=watch, json_path=json_path)


def list_campaigns(json_path: str | None = JsonPath) -> None:
    """All campaigns, those to be dialled first at the front.

    Example: hireline campaign list
    """
    settings = load_and_log()
    with SqliteStore(settings.database) as store:
        campaigns = Campaigns(store.connections)
        found = [(one, campaigns.counts(one.id)) for one in campaigns.campaigns()]
    table = Table("campaign", "job", "state", "candidates", "ended", "calls")
    for one, counts in found:
        ended = counts.journeys.get(JourneyState.ENDED, 0)
        table.add_row(one.id, one.job_id, one.state, str(counts.candidates), str(ended), str(counts.calls))
    console_for(json_path).print(table)
    write_json(
        [
            one.model_dump(mode="json") | {"candidates": counts.candidates, "journeys": counts.journeys, "calls": counts.calls}
            for one, counts in found
        ],
        json_path,
    )


# ---- parts --------------------------------------------------------------------------------------------------------------


def _move(campaign: str, state: CampaignState, *, watch: bool, json_path: str | None) -> None:
    settings = load_and_log()
    with SqliteStore(settings.database) as store:
        moved = Campaigns(store.connections).move(campaign, state, datetime.now(UTC))
        if not moved:
            console_for(json_path).print(f"campaign {campaign} is {state} already")
        _show(settings, store, campaign, watch=watch, json_path=json_path)


def _show(settings: Settings, store: SqliteStore, campaign: str, *, watch: bool, json_path: str | None) -> None:
    console = console_for(json_path)
    standing = look(settings, store, campaign)
    if watch:
        standing = _watched(settings, store, campaign, console)
    standing.print(console)
    write_json(standing.as_json(), json_path)


def _watched(settings: Settings, store: SqliteStore, campaign: str, console: Console) -> Standing:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        tasks = {state: progress.add_task(str(state)) for state in (JourneyState.ENDED, JourneyState.CALLING, JourneyState.WAITING)}
        while True:
            standing = look(settings, store, campaign)
            for state, task in tasks.items():
                progress.update(task, total=standing.counts.candidates, completed=standing.counts.journeys.get(state, 0))
            if standing.campaign.state is CampaignState.FINISHED:
                return standing
            try:
                time.sleep(_WATCH_S)
            except KeyboardInterrupt:
                return standing


def _chosen(
    store: SqliteStore, ids: list[str], file: Path | None, tag: str | None, screening: str | None, everybody: bool
) -> list[Candidate]:
    """The candidates that were asked for, in order, each once."""
    wanted = list(ids)
    if file is not None:
        wanted += [line.strip() for line in file.read_text("utf-8-sig").splitlines() if line.strip()]
    if screening is not None:
        after = 0
        while page := store.screened(screening, ScreeningOutcome.MATCHED, after=after, limit=_PAGE):
            wanted += [one.candidate_id for one in page]
            after += len(page)
    found = {one: store.candidate(one) for one in wanted}
    if tag is not None or everybody:
        after_id: str | None = None
        while people := store.candidates(after=after_id, limit=_PAGE):
            found |= {one.id: one for one in people if everybody or tag in one.tags}
            after_id = people[-1].id
    if not found:
        raise InvalidDataError(
            "nobody was chosen", remedy="name candidates with --candidate, --from, --tag, --screening or --all; see: --help"
        )
    return list(found.values())


def _problem(store: SqliteStore, candidate: Candidate) -> str | None:
    """Why a candidate will not be called as things stand."""
    try:
        phone.parse(candidate.phone)
    except phone.PhoneError as error:
        return error.what
    return "the number is on the do-not-call list" if store.is_blocked(candidate.phone) else None


def _refused_table(refused: dict[str, str]) -> Table:
    table = Table("candidate", "will not be called, because", title="as things stand")
    for candidate, problem in refused.items():
        table.add_row(candidate, problem)
    return table
