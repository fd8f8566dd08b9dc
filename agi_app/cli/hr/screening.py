"""`hireline hr screen`, `hr screenings`: who meets a job's requirements, and why the others do not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Column, Table

from agi_app.cli.hr.database import open_store
from agi_app.cli.output import JsonPath, console_for, write_json
from hr_sync.records import ScreenedCandidate, Screening, ScreeningOutcome
from hr_sync.screening import screen
from hr_sync.screening.export import export
from hr_sync.store import Store

_SHOWN = 20
_MARKS = {True: "✓", False: "✗", None: "?"}
Export = typer.Option(None, "--export", help="Write everyone with place and reasons: .csv, .xlsx or .jsonl.", dir_okay=False)
Outcome = typer.Option(ScreeningOutcome.MATCHED, "--outcome", help="Whom to list.")
Limit = typer.Option(_SHOWN, "--limit", min=1, max=10_000, help="Rows at most.")


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("screen")(_screen)
    group.command("screenings")(_screenings)


def _screen(
    job_id: str = typer.Option(..., "--job", help="Id of the job, as `hireline hr jobs` lists it."),
    name: str | None = typer.Option(None, "--name", help="Name of the list; made up unless given."),
    as_of: datetime | None = typer.Option(
        None,
        "--as-of",
        formats=["%Y-%m-%d"],
        help="Day that years of work count to; today unless given.",
    ),
    outcome: ScreeningOutcome = Outcome,
    limit: int = Limit,
    export_path: Path | None = Export,
    json_path: str | None = JsonPath,
) -> None:
    """Screen all candidates for a job and keep the list, with a score and the reasons for each; campaigns take it by its name.

    Example: hireline hr screen --job java-developer

    Example: hireline hr screen --job java-developer --outcome not_matched --export java.xlsx
    """
    with open_store() as store:
        made = screen(store, job_id, as_of=as_of.date() if as_of else None, screening_id=name)
        _show(store, made, outcome, limit, console_for(json_path))
        _write(store, made, export_path, json_path)


def _screenings(
    screening_id: str | None = typer.Argument(None, help="A screening to look at; all are listed without it."),
    job_id: str | None = typer.Option(None, "--job", help="Only those for this job."),
    outcome: ScreeningOutcome = Outcome,
    limit: int = Limit,
    export_path: Path | None = Export,
    json_path: str | None = JsonPath,
) -> None:
    """List the screenings that were made, or look at one again.

    Example: hireline hr screenings --job java-developer

    Example: hireline hr screenings spring-list --outcome unclear --export spring.csv
    """
    console = console_for(json_path)
    with open_store() as store:
        if screening_id is not None:
            found = store.screening(screening_id)
            _show(store, found, outcome, limit, console)
            _write(store, found, export_path, json_path)
            return
        listed = store.screenings(job_id, limit=limit)
    table = Table(
        Column("Screening 筛选", no_wrap=True), "Job 岗位", "As of 截至", "Considered 人数", "Unclear 待核实", "Not matched 不符合"
    )
    for item in listed:
        table.add_row(item.id, item.job_id, str(item.as_of), f"{item.considered:,}", f"{item.unclear:,}", f"{item.not_matched:,}")
    console.print(table)
    write_json([item.model_dump(mode="json", exclude={"matched"}) for item in listed], json_path)


def _show(store: Store, made: Screening, outcome: ScreeningOutcome, limit: int, console: Console) -> None:
    console.print(
        f"{made.considered:,} candidates for {made.job_id}: {len(made.matched):,} match 符合, {made.unclear:,} unclear 待核实, "
        f"{made.not_matched:,} do not 不符合",
        style="bold",
        highlight=False,
    )
    listed = store.screened(made.id, outcome, limit=limit)
    people = store.candidates_of(item.candidate_id for item in listed)
    table = Table("Id", "Name 姓名", "Score 分数", "Reasons 理由")
    for item in listed:
        name = people[item.candidate_id].name if item.candidate_id in people else ""  # erased since
        table.add_row(item.candidate_id, name, "" if item.score is None else f"{item.score:g}", _reasons(item))
    console.print(table)
    command = f"hireline campaign create NAME --job {made.job_id} --screening {made.id}"
    console.print(f"kept as {made.id}; to call them: {command}", style="dim", highlight=False)


def _reasons(item: ScreenedCandidate) -> str:
    """All that are met; of those left out, what keeps them out comes first."""
    ordered = sorted(item.reasons, key=lambda reason: reason.met is True)
    return "；".join(f"{_MARKS[reason.met]} {reason.zh}" for reason in ordered)


def _write(store: Store, made: Screening, export_path: Path | None, json_path: str | None) -> None:
    write_json(made.model_dump(mode="json"), json_path)
    if export_path is not None:
        count = export(store, made.id, export_path)
        console_for(json_path).print(f"{count:,} candidates written to {export_path}", highlight=False)
