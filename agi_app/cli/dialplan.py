"""`hireline dialplan …`: what telecom admins need after they edited dialplan/ or asterisk_conf/."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import typer
from rich.console import Console
from rich.text import Text

from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.config import Settings, load_settings
from agi_app.errors import ConfigError, SetupError
from agi_app.telephony.dialplan.findings import Finding
from agi_app.telephony.dialplan.plan import Dialplan
from agi_app.telephony.fastagi import ROUTES
from agi_app.telephony.secrets import load_secrets
from agi_app.telephony.server import AsteriskInstallation, Instance, find_asterisk, reload_configuration
from agi_app.telephony.server.dialplan_files import check_files
from agi_app.telephony.server.local_files import media_uri, render_local_files
from agi_app.telephony.server.rehearsal import rehearse

_TextOnly = typer.Option(False, "--text-only", help="Only read the files: start no Asterisk.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The Asterisk files admins edit.", no_args_is_help=True)
    group.command("check")(_check)
    group.command("reload")(_reload)
    group.command("export")(_export)
    app.add_typer(group, name="dialplan")


def _check(text_only: bool = _TextOnly, json_path: str | None = JsonPath) -> None:
    """Find what is wrong in dialplan/ and asterisk_conf/, with file and line: by reading, then by a real Asterisk started aside.

    Nothing that runs is touched, and no carrier hears of it. Exit 1 when there is an error.

    Examples: hireline dialplan check · hireline dialplan check --text-only --json -
    """
    settings, console = load_settings(), console_for(json_path)
    installation = None if text_only else _installation(settings)
    _, findings = _examine(settings, installation, console)
    _print(findings, console)
    errors = sum(item.severity == "error" for item in findings)
    console.print(f"{errors} errors, {len(findings) - errors} warnings", highlight=False)
    write_json({"findings": [asdict(item) for item in findings]}, json_path)
    if errors:
        raise typer.Exit(1)


def _reload(json_path: str | None = JsonPath) -> None:
    """Take over changes in dialplan/ and asterisk_conf/ without ending a call; go back when Asterisk does not take them.

    The files are checked first, as by `hireline dialplan check`; with an error nothing is touched. Exit 1 when they are not in use.

    Example: hireline dialplan reload
    """
    settings, console = load_settings(), console_for(json_path)
    if not settings.asterisk.managed:
        raise ConfigError(
            "this Asterisk is not run by Hireline (asterisk.managed is false)",
            remedy="`hireline dialplan check`, then `hireline dialplan export` and its own `core reload` (docs/operations.md)",
        )
    installation = _installation(settings)
    plan, findings = _examine(settings, installation, console)
    _print(findings, console)
    if any(item.severity == "error" for item in findings):
        console.print("nothing was reloaded: correct the files, then again", style="red")
        write_json({"reloaded": False, "went_back": False, "findings": [asdict(item) for item in findings]}, json_path)
        raise typer.Exit(1)
    done = asyncio.run(reload_configuration(settings, load_secrets(settings.state), Instance.of(settings, installation), plan))
    _print(list(done.findings), console)
    console.print("Asterisk did not take it: the files from before are in use again" if done.went_back else "reloaded")
    told = {"reloaded": not done.went_back, "went_back": done.went_back, "findings": [asdict(item) for item in done.findings]}
    write_json(told, json_path)
    if done.went_back:
        raise typer.Exit(1)


def _export(folder: Path = typer.Argument(help="Made when missing; what an earlier export wrote is replaced.")) -> None:
    """Write a complete configuration for an Asterisk that systemd or a container starts: your files and the generated ones.

    Run it as the user Asterisk runs as. Asterisk is then started with -C FOLDER/etc/local/asterisk.conf.

    Example: hireline dialplan export /var/lib/hireline/asterisk
    """
    settings, instance = load_settings(), Instance.at(folder)
    secrets, inside = load_secrets(settings.state), PurePosixPath(instance.inside)
    files = render_local_files(settings, secrets, inside, media=media_uri(settings), simulated=None)
    instance.prepare(settings, files)
    Console().print(f"start it with: asterisk -f -C {instance.main_file}", highlight=False, soft_wrap=True)


def _installation(settings: Settings) -> AsteriskInstallation:
    installation = find_asterisk(settings)
    if installation is None:
        raise SetupError("no Asterisk is installed", remedy="run `make setup`, or use --text-only")
    return installation


def _examine(settings: Settings, installation: AsteriskInstallation | None, console: Console) -> tuple[Dialplan, list[Finding]]:
    """What reading says, and, unless that is an error already, what an Asterisk says."""
    plan, findings = check_files(settings, installation, ROUTES)
    if installation is not None and not any(item.severity == "error" for item in findings):
        with console.status("an Asterisk loads the files aside"):
            findings += asyncio.run(rehearse(settings, installation))
    return plan, findings


def _print(findings: list[Finding], console: Console) -> None:
    for item in findings:
        place = f"{item.file}:{item.line}" if item.line else item.file
        colour = "red" if item.severity == "error" else "yellow"
        console.print(Text.assemble((place, "bold"), "  ", (item.severity, colour), f"  {item.what}"), soft_wrap=True)
