"""`hireline outbox …`: results on their way to other systems."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.table import Table

from agi_app.cli.hr import open_store
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.cli.start import load_and_log, stop_signals
from agi_app.exchange import exchange
from hr_sync.outbox import signature
from hr_sync.store.outbox import Outbox


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Results pushed to other systems: what waits, what failed.", no_args_is_help=True)
    app.add_typer(group, name="outbox")
    group.command("status")(_status)
    group.command("letters")(_letters)
    group.command("replay")(_replay)
    group.command("run")(_run)
    group.command("secret")(_secret)


def _status(json_path: str | None = JsonPath) -> None:
    """Show how each destination stands.

    Example: hireline outbox status
    """
    with open_store() as store:
        found = Outbox(store.transactions).status()
    table = Table("Destination", "Kind", "Waiting", "Delivered", "Dead letters", "Oldest waiting")
    for each in found:
        oldest = f"{each.oldest_waiting_at:%Y-%m-%d %H:%M} UTC" if each.oldest_waiting_at else ""
        name = each.name if each.active else f"{each.name} (not in the settings)"
        table.add_row(name, each.kind, str(each.waiting), str(each.delivered), str(each.dead), oldest)
    console_for(json_path).print(table)
    fields = ("name", "kind", "active", "waiting", "delivered", "dead", "oldest_waiting_at")
    write_json([{field: getattr(each, field) for field in fields} for each in found], json_path)


def _letters(
    destination: str | None = typer.Option(None, "--destination", help="Of this destination only."),
    limit: int = typer.Option(100, "--limit", min=1, max=10_000, help="Rows at most."),
    json_path: str | None = JsonPath,
) -> None:
    """List dead letters: results that a destination did not take however often they were sent.

    Example: hireline outbox letters --destination hr-system
    """
    with open_store() as store:
        found = Outbox(store.transactions).dead_letters(destination, limit=limit)
    table = Table("Letter", "Destination", "Call", "Revision", "Attempts", "Last error", "Given up")
    for each in found:
        given_up = f"{each.settled_at:%Y-%m-%d %H:%M} UTC"
        table.add_row(
            str(each.id), each.destination, each.call_id, str(each.revision), str(each.attempts), each.last_error, given_up
        )
    console_for(json_path).print(table)
    fields = ("id", "destination", "call_id", "revision", "attempts", "last_error", "settled_at")
    write_json([{field: getattr(each, field) for field in fields} for each in found], json_path)


def _replay(
    letter: int | None = typer.Argument(None, help="Number of the letter; all of them when left out.", show_default=False),
    destination: str | None = typer.Option(None, "--destination", help="Those of this destination only."),
) -> None:
    """Send dead letters again, with a full set of attempts.

    Examples: hireline outbox replay 17 · hireline outbox replay --destination hr-system
    """
    with open_store() as store:
        count = Outbox(store.transactions).replay(datetime.now(UTC), destination=destination, letter=letter)
    Console().print(f"{count} will be sent again", highlight=False)


def _run() -> None:
    """Push results to their destinations, without the phone wing and the REST API. `hireline serve` does it too.

    Example: hireline outbox run
    """
    settings = load_and_log()

    async def run() -> None:
        with open_store() as store:
            async with exchange(settings, store, api=False) as running:
                stop = stop_signals()
                Console().print(f"{running.summary}; Ctrl-C to stop", highlight=False)
                await stop.get()

    asyncio.run(run())


def _secret() -> None:
    """Make a secret for a webhook; both sides need it.

    Example: hireline outbox secret > var/hr-system.secret
    """
    typer.echo(signature.new_secret())
