"""`hireline hr resumes …`: resumes read into fields, looked at by a person, taken as candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress
from rich.table import Table

from agi_app.cli.hr.database import open_store
from agi_app.cli.output import JsonPath, console_for, write_json
from hr_sync.errors import InvalidDataError
from hr_sync.records.resumes import Resume, ResumeState
from hr_sync.resumes.intake import confirm, doubtful, files_in, read_files, reject

_SURE = 0.85
"""Fields below are marked for a look."""
By = typer.Option(..., "--by", help="Who has looked at it; kept with the decision.")
Ids = typer.Argument(help="Ids, as `hireline hr resumes list` shows them.")


def register(group: typer.Typer) -> None:
    """Add the commands."""
    resumes = typer.Typer(no_args_is_help=True)
    group.add_typer(resumes, name="resumes", help=_resumes.__doc__)
    resumes.command("read")(_read)
    resumes.command("list")(_list)
    resumes.command("show")(_show)
    resumes.command("confirm")(_confirm)
    resumes.command("reject")(_reject)


def _resumes() -> None:
    """Resumes (PDF, DOCX, TXT) become proposed fields with the span they were read from; a person confirms them.

    Example: hireline hr resumes read 简历/ && hireline hr resumes list
    """


def _read(path: Path = typer.Argument(help="A folder, or one file.", exists=True), json_path: str | None = JsonPath) -> None:
    """Read resumes and keep what was found as proposals. A file that was read before is not read again.

    Example: hireline hr resumes read 简历/
    """
    console = console_for(json_path)
    with open_store() as store, Progress(console=console, transient=True) as progress:
        task = progress.add_task("reading", total=None)
        intake = read_files(store, files_in(path), lambda done, total: progress.update(task, completed=done, total=total))
    console.print(f"{len(intake.new)} read, {intake.known} known, {len(intake.refused)} refused", style="bold", highlight=False)
    for refused in intake.refused:
        console.print(
            f"{refused.file}: {refused.error.what} ({refused.error.remedy})", style="yellow", highlight=False, markup=False
        )
    write_json(
        {
            "read": [resume.model_dump(mode="json") for resume in intake.new],
            "known": intake.known,
            "refused": [
                {"file": refused.file, "what": refused.error.what, "remedy": refused.error.remedy} for refused in intake.refused
            ],
        },
        json_path,
    )
    if intake.new:
        console.print("Look at them: hireline hr resumes list", style="dim")
    if intake.refused:
        raise typer.Exit(1)


def _list(
    state: ResumeState = typer.Option(ResumeState.PROPOSED, "--state", help="Which ones."),
    limit: int = typer.Option(50, "--limit", min=1, max=10_000, help="Rows at most."),
    json_path: str | None = JsonPath,
) -> None:
    """List resumes, those that wait for a look unless told otherwise.

    Example: hireline hr resumes list --state confirmed
    """
    with open_store() as store:
        found = store.resumes(state, limit=limit)
    table = Table("Id", "File 文件", "Name 姓名", "Fields 字段", "Unsure 待核对")
    for resume in found:
        name = resume.proposal.field("name")
        unsure = ", ".join(field.name for field in doubtful(resume, _SURE))
        table.add_row(resume.id, resume.file, str(name.value) if name else "?", str(len(resume.proposal.fields)), unsure)
    console_for(json_path).print(table)
    write_json([resume.model_dump(mode="json") for resume in found], json_path)


def _show(resume_id: str = typer.Argument(help="Id of the resume."), json_path: str | None = JsonPath) -> None:
    """Show what was read from a resume, where, and how sure it is.

    Example: hireline hr resumes show resume-20261122-1a2b3c4d
    """
    with open_store() as store:
        resume = store.resume(resume_id)
    console = console_for(json_path)
    console.print(f"{resume.file}: {resume.state}", style="bold", highlight=False)
    table = Table("Field 字段", "Value 值", "From 原文", "Line 行", "Sure 把握")
    for field in resume.proposal.fields:
        style = "yellow" if field.confidence < _SURE else ""
        table.add_row(field.name, _shown(field.value), field.text, str(field.line), f"{field.confidence:.0%}", style=style)
    console.print(table)
    write_json(resume.model_dump(mode="json"), json_path)


def _shown(value: object) -> str:
    if not isinstance(value, list):
        return str(value)
    return "\n".join(_employment(item) if isinstance(item, dict) else str(item) for item in value)


def _employment(item: dict[str, Any]) -> str:
    return f"{item['start'][:7]} - {(item['end'] or '今')[:7]} {item['employer']} {item['role']}"


def _confirm(
    resume_ids: list[str] = Ids,
    by: str = By,
    corrections: list[str] = typer.Option([], "--set", metavar="FIELD=VALUE", help="A correction; an empty value drops the field."),
    source: str | None = typer.Option(None, "--source", help="Where the resume came from; told when the candidate asks."),
    json_path: str | None = JsonPath,
) -> None:
    """Take resumes as candidates: new ones, or those with the same number and name. Corrections are for one resume at a time.

    Example: hireline hr resumes confirm resume-20261122-1a2b3c4d --by 林老师 --set degree=本科
    """
    if corrections and len(resume_ids) > 1:
        raise InvalidDataError("corrections belong to one resume", where="--set", remedy="confirm them one by one")
    pairs = {name.strip(): value.strip() for name, _, value in (item.partition("=") for item in corrections)}
    done: list[Resume] = []
    console = console_for(json_path)
    with open_store() as store:
        for resume_id in resume_ids:
            done.append(confirm(store, resume_id, by=by, corrections=pairs, source=source))
            console.print(f"{resume_id} is candidate {done[-1].candidate_id}", highlight=False)
    write_json([resume.model_dump(mode="json") for resume in done], json_path)


def _reject(resume_ids: list[str] = Ids, by: str = By, json_path: str | None = JsonPath) -> None:
    """Put resumes aside without taking them.

    Example: hireline hr resumes reject resume-20261122-1a2b3c4d --by 林老师
    """
    with open_store() as store:
        done = [reject(store, resume_id, by=by) for resume_id in resume_ids]
    console_for(json_path).print(f"{len(done)} rejected", highlight=False)
    write_json([resume.model_dump(mode="json") for resume in done], json_path)
