"""The `hireline` command: thin, every sub-command calls one function of a room below."""

from __future__ import annotations

import asyncio
import sys

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from agi_app import __version__
from agi_app.cli import api, calls, campaign, dialplan, doctor, hr, language, models, outbox, setup, simulation
from agi_app.cli.logs import configure_logs
from hr_sync.errors import HirelineError

app = typer.Typer(
    name="hireline",
    help="Open telephone interviews: Asterisk dials, Hireline listens, talks and writes the outcome to the HR database.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"hireline {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the log on standard error while the command runs."),
) -> None:
    configure_logs(verbose=verbose)


for module in (simulation, calls, campaign, hr, api, outbox, language, models, dialplan, doctor, setup):
    module.register(app)


def main() -> None:
    """Entry point of the console script: 0 done, 1 the work failed, 2 wrong use."""
    try:
        app()
    except HirelineError as error:
        _explain(error)
        sys.exit(1)
    except (KeyboardInterrupt, asyncio.CancelledError):
        Console(stderr=True).print("stopped", style="yellow")
        sys.exit(130)


def _explain(error: HirelineError) -> None:
    text = Text(error.what)
    if error.where:
        text.append(f"\nwhere: {error.where}", "dim")
    if error.remedy:
        text.append(f"\nwhat to do: {error.remedy}", "bold")
    title = "error" if error.code == HirelineError.code else f"error: {error.code}"
    Console(stderr=True).print(Panel(text, title=title, title_align="left", border_style="red"))
