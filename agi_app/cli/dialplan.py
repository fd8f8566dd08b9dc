"""`hireline dialplan …`: what telecom admins need after they edited dialplan/ or asterisk_conf/."""

from __future__ import annotations

import asyncio

import typer
from rich.text import Text

from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.config import load_settings
from agi_app.errors import SetupError
from agi_app.telephony.server import Instance, find_asterisk, reload_configuration


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The Asterisk files admins edit.", no_args_is_help=True)
    group.command("reload")(_reload)
    app.add_typer(group, name="dialplan")


def _reload(json_path: str | None = JsonPath) -> None:
    """Take over changes in dialplan/ and asterisk_conf/ without ending a call; exit 1 when Asterisk finds fault with a file.

    Example: hireline dialplan reload
    """
    settings = load_settings()
    installation = find_asterisk(settings)
    if installation is None:
        raise SetupError("no Asterisk is installed", remedy="run `make setup`")
    problems = asyncio.run(reload_configuration(settings, Instance.of(settings, installation)))
    console = console_for(json_path)
    for line in problems:
        console.print(Text(line, "red"))
    console.print(
        "reloaded" if not problems else f"reloaded, with {len(problems)} complaints of Asterisk: correct the files, then again"
    )
    write_json({"problems": problems}, json_path)
    if problems:
        raise typer.Exit(1)
