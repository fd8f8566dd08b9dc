"""`hireline hr import`: data of other systems into the HR database; a trial unless told to write."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from agi_app.cli.hr.database import open_store
from agi_app.cli.output import JsonPath, console_for, write_json
from hr_sync.imports import ImportPlan, Kind, Mapping, apply_plan, make_plan, read_mapping
from hr_sync.imports.source import Progress as Tell
from hr_sync.neutral import neutral
from hr_sync.store import PutCounts

_SHOWN = 20
"""Problems, and changes, printed; all of them are in `--json` and `--problems`."""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("import")(_import)


def _import(
    kind: Kind = typer.Argument(help="What the rows are."),
    file: Path = typer.Argument(help="CSV, TSV, XLSX, JSON or JSONL.", exists=True, dir_okay=False),
    apply: bool = typer.Option(False, "--apply", help="Write it. Without this, only the report of what would change is printed."),
    mapping: Path | None = typer.Option(
        None, "--mapping", help="YAML: foreign headers and words (docs/hr-data.md).", dir_okay=False
    ),
    problems: Path | None = typer.Option(
        None, "--problems", help="Write every bad row with its reason to this CSV.", dir_okay=False
    ),
    birth_dates: bool = typer.Option(
        False, "--with-birth-dates", help="Take days of birth too; only age rules of public notices read them."
    ),
    encoding: str | None = typer.Option(None, "--encoding", help="When it is found out wrongly: utf-8, gb18030, utf-16."),
    delimiter: str | None = typer.Option(None, "--delimiter", help="When it is found out wrongly, as ';'."),
    sheet: str | None = typer.Option(None, "--sheet", help="Sheet of a workbook; the first unless named."),
    header_row: int | None = typer.Option(None, "--header-row", min=1, help="Row the headers stand in."),
    json_path: str | None = JsonPath,
) -> None:
    """Import candidates, companies, jobs, pay, facts, contacts or do-not-call numbers. Nothing is written without --apply,
    and with it everything or nothing. Importing again updates by key and never doubles.

    Example: hireline hr import candidates 候选人.xlsx

    Example: hireline hr import candidates export.csv --mapping ehr.yaml --apply
    """
    told = {"encoding": encoding, "delimiter": delimiter, "sheet": sheet, "header_row": header_row}
    chosen = (read_mapping(mapping) if mapping else Mapping()).model_copy(
        update={name: value for name, value in told.items() if value is not None}
    )
    console = console_for(json_path)
    with open_store() as store:
        with _bar(console) as tell:
            plan = make_plan(store, file, kind, mapping=chosen, birth_dates=birth_dates, progress=tell)
        _print_plan(console, plan)
        if problems is not None:
            _write_problems(plan, problems)
        report: dict[str, Any] = _report(plan)
        if apply and not plan.problems:
            with _bar(console) as tell:
                counts, checks = apply_plan(store, plan, progress=tell)
            console.print(f"written: {_counted(counts)}; checked: counts, checksums of {checks['checksums']['records']} records, "
                          f"{checks['sample']['records']} records field by field", style="green", highlight=False)  # fmt: skip
            report |= {"applied": True, "checks": checks}
    write_json(report, json_path)
    if plan.problems:
        console.print("Nothing was written. Correct the rows above and import again.", style="bold red")
        raise typer.Exit(1)
    if not apply:
        console.print("Trial run: nothing was written. Add --apply to write it.", style="bold")


@contextmanager
def _bar(console: Console) -> Iterator[Tell]:
    """A progress bar, a line a stage."""
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total or None)
            progress.update(tasks[stage], completed=done, total=total or None)

        yield tell


def _print_plan(console: Console, plan: ImportPlan) -> None:
    console.print(f"{plan.source.name} ({plan.source.form}), {len(plan.source.rows)} rows of {plan.kind}", highlight=False)
    taken = ", ".join(f"{header} → {column.path}" for header, column in plan.assignment.columns.items())
    console.print(f"columns: {taken}", style="dim", highlight=False, markup=False)
    for headers, why in (
        (plan.assignment.protected, "never taken (protected)"),
        (plan.assignment.unknown, "not known, left out (name them in a mapping file)"),
        (plan.assignment.left_out, "left out"),
    ):
        if headers:
            console.print(f"{why}: {', '.join(headers)}", style="yellow", highlight=False, markup=False)
    for notice, rows in plan.notices.items():
        console.print(f"{notice}: {rows} times", style="yellow", highlight=False)
    console.print(_counted(plan.counts), style="bold", highlight=False)
    _print_changes(console, plan)
    if plan.problems:
        table = Table("Row 行", "Column 列", "What is wrong 问题", "What to do 怎么办", title=f"{len(plan.problems)} problems")
        for problem in plan.problems[:_SHOWN]:
            table.add_row(str(problem.row), problem.column or "", problem.what, problem.remedy)
        console.print(table)
        if len(plan.problems) > _SHOWN:
            console.print(f"… and {len(plan.problems) - _SHOWN} more: --problems FILE writes them all", style="dim")


def _print_changes(console: Console, plan: ImportPlan) -> None:
    changed = [change for change in plan.changes() if not change.new]
    for change in changed[:_SHOWN]:
        console.print(f"row {change.row}: {change.key} changes {', '.join(change.fields)}", style="dim", highlight=False)
    if len(changed) > _SHOWN:
        console.print(f"… and {len(changed) - _SHOWN} more changes: --json lists them all", style="dim")


def _counted(counts: PutCounts) -> str:
    return f"{counts.new} new, {counts.changed} changed, {counts.same} as before"


def _report(plan: ImportPlan) -> dict[str, Any]:
    counts = plan.counts
    return {
        "kind": plan.kind.value,
        "file": plan.source.name,
        "form": plan.source.form,
        "sha256": plan.source.sha256,
        "rows": len(plan.source.rows),
        "new": counts.new,
        "changed": counts.changed,
        "same": counts.same,
        "columns": {header: column.path for header, column in plan.assignment.columns.items()},
        "unknown": list(plan.assignment.unknown),
        "protected": list(plan.assignment.protected),
        "left_out": list(plan.assignment.left_out),
        "notices": dict(plan.notices),
        "changes": [
            {"row": change.row, "key": change.key, "new": change.new, "fields": list(change.fields)} for change in plan.changes()
        ],
        "problems": [
            {"row": problem.row, "column": problem.column, "what": problem.what, "remedy": problem.remedy}
            for problem in plan.problems
        ],
        "applied": False,
    }


def _write_problems(plan: ImportPlan, path: Path) -> None:
    """Every problem with the cells of its row beside it, so that the rows can be corrected and imported by themselves."""
    rows = {row.number: row.cells for row in plan.source.rows}
    headers = [header for header in plan.source.headers if header]
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(["row", "column", "problem", "remedy", *map(neutral, headers)])
        for problem in plan.problems:
            cells = rows.get(problem.row, {})
            line = [problem.row, problem.column or "", problem.what, problem.remedy, *(cells.get(header, "") for header in headers)]
            writer.writerow([neutral(cell) for cell in line])
    path.chmod(0o600)
