"""`hireline hr sample`, `candidates`, `jobs`, `results`, `show`: what is in the HR database."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from rich.console import Console
from rich.table import Table

from agi_app.cli.hr.database import open_store
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.cli.result_view import print_result
from hr_sync.records import Candidate, Job
from hr_sync.sample import load_sample
from hr_sync.store import Store, StoredResult

Limit = typer.Option(50, "--limit", min=1, max=10_000, help="Rows at most.")


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("sample")(_sample)
    group.command("candidates")(_candidates)
    group.command("jobs")(_jobs)
    group.command("results")(_results)
    group.command("show")(_show)


def _sample() -> None:
    """Put the sample data in: four jobs of two invented employers, twelve candidates. Doing it twice changes nothing.

    Example: hireline hr sample
    """
    with open_store() as store:
        counts = load_sample(store)
        console = Console()
        for name, count in (("jobs", counts.jobs), ("candidates", counts.candidates), ("contacts", counts.contacts)):
            console.print(f"{name}: {count.new} new, {count.changed} changed, {count.same} as before", highlight=False)
        console.print(f"in {store.path}", style="dim", highlight=False)


def _candidates(limit: int = Limit, json_path: str | None = JsonPath) -> None:
    """List candidates.

    Example: hireline hr candidates --json -
    """
    with open_store() as store:
        found = store.candidates(limit=limit)
    table = Table("Id", "Name 姓名", "City 城市", "Degree 学历", "Years 年限", "Tags 标签")
    for candidate in found:
        table.add_row(*_candidate_row(candidate))
    console_for(json_path).print(table)
    write_json([candidate.model_dump(mode="json") for candidate in found], json_path)


def _candidate_row(candidate: Candidate) -> Iterator[str]:
    yield candidate.id
    yield candidate.name
    yield candidate.city or ""
    yield candidate.degree or ""
    yield "" if candidate.years_experience is None else f"{candidate.years_experience:g}"
    yield "、".join(candidate.tags)


def _jobs(limit: int = Limit, json_path: str | None = JsonPath) -> None:
    """List jobs.

    Example: hireline hr jobs
    """
    with open_store() as store:
        found = store.jobs(limit=limit)
    table = Table("Id", "Title 岗位", "Company 单位", "Pay 月薪", "Open 招聘中")
    for job in found:
        table.add_row(job.id, job.title, job.company.name, f"{job.pay.range.min:,}-{job.pay.range.max:,}", "✓" if job.open else "")
    console_for(json_path).print(table)
    write_json([job.model_dump(mode="json") for job in found], json_path)


def _results(
    limit: int = Limit,
    after: int = typer.Option(0, "--after", min=0, help="Cursor of the last result already seen."),
    json_path: str | None = JsonPath,
) -> None:
    """List call results in the order of arrival.

    Example: hireline hr results --after 120 --json -
    """
    with open_store() as store:
        found = store.results(after, limit)
    table = Table("Cursor", "Call", "Candidate", "Job", "Disposition 结果", "Interest 意向")
    for stored in found:
        table.add_row(*_result_row(stored))
    console_for(json_path).print(table)
    write_json([{"cursor": stored.cursor, "result": stored.result.model_dump(mode="json")} for stored in found], json_path)


def _result_row(stored: StoredResult) -> Iterator[str]:
    result = stored.result
    yield str(stored.cursor)
    yield result.call_id
    yield result.candidate_id
    yield result.job_id
    yield result.disposition
    yield result.interest


def _show(
    call_id: str = typer.Argument(help="Id of the call, as `hireline hr results` lists it."), json_path: str | None = JsonPath
) -> None:
    """Print one call's result.

    Example: hireline hr show call-20260105-101500-3f2a
    """
    with open_store() as store:
        result = store.result(call_id)
        candidate, job = people_of(store, result.candidate_id, result.job_id)
    print_result(console_for(json_path), result, name=candidate.name, job=job)
    write_json(result.model_dump(mode="json"), json_path)


def people_of(store: Store, candidate_id: str, job_id: str) -> tuple[Candidate, Job]:
    """The candidate and the job of a call."""
    return store.candidate(candidate_id), store.job(job_id)
