"""`hireline hr pull`: results from a server into a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer
from rich.console import Console

from hr_sync.connectors.pull import ResultFile, pull


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("pull")(_pull)


def _pull(
    to: Path = typer.Option(..., "--to", help="File of JSON lines; it is gone on with when it is there."),
    url: str = typer.Option("http://127.0.0.1:18092", "--url", help="Address of the server."),
    key: str = typer.Option(
        ..., "--key", envvar="HIRELINE_API_KEY", help="API key; better given as HIRELINE_API_KEY.", show_envvar=True
    ),
    limit: int = typer.Option(100, "--limit", min=1, max=500, help="Results in one request."),
    every: float | None = typer.Option(None, "--every", min=0.1, help="Look again every so many seconds.", show_default="once"),
) -> None:
    """Pull results from a Hireline server. Stopped and started anywhere it misses and doubles nothing; a result that was revised
    comes again with a higher revision.

    Examples: hireline hr pull --to results.jsonl · hireline hr pull --url https://hr.example:18092 --to results.jsonl --every 30
    """
    console = Console(stderr=True)
    with ResultFile(to) as file, console.status("pulling") as status:
        count = asyncio.run(
            pull(url, key, file, limit=limit, every_s=every, progress=lambda done: status.update(f"pulling: {done} results"))
        )
        console.print(f"{count} results, up to cursor {file.cursor}, in {to}", highlight=False)
