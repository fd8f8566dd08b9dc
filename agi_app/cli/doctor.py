"""`hireline doctor`: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import asdict

import typer
from rich.table import Table
from rich.text import Text

from agi_app.cli.models import model_store
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.config import ControlSettings, MediaSettings, MonitoringSettings, Settings, load_settings
from agi_app.control import ControlClient
from agi_app.dialogue.pack.loader import check_folder
from agi_app.speech.fetch import ModelState
from agi_app.telephony.secrets import load_secrets
from agi_app.telephony.server.checks import Check
from agi_app.telephony.server.checks import check as check_asterisk
from hr_sync.errors import HirelineError
from hr_sync.store import SqliteStore


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doctor(json_path: str | None = JsonPath) -> None:
        """Check Asterisk, modules, trunks, ports, models, language pack, database and disk; exit 1 when something is wrong.

        Example: hireline doctor
        """
        settings = load_settings()
        checks = asyncio.run(examine(settings))
        table = Table("", "Check", "Found", "What to do")
        for item in checks:
            mark = Text("✓", "green") if item.ok else Text("✗", "bold red")
            table.add_row(mark, item.name, item.detail, item.remedy or "")
        console_for(json_path).print(table)
        write_json([asdict(item) for item in checks], json_path)
        if not all(item.ok for item in checks):
            raise typer.Exit(1)


async def examine(settings: Settings) -> list[Check]:
    """Everything the doctor knows to check."""
    checks = await check_asterisk(settings)
    serving = await ControlClient(settings.control, load_secrets(settings.state).control_token).running()
    ports: list[tuple[str, MediaSettings | ControlSettings | MonitoringSettings]] = [
        ("media", settings.media),
        ("control", settings.control),
    ]
    if settings.monitoring.enabled:
        ports.append(("monitoring", settings.monitoring))
    for name, part in ports:
        checks.append(_port(name, part.host, part.port, serving=serving))
    checks += _models(settings)
    checks += [_pack(settings), _database(settings)]
    return checks


def _port(name: str, host: str, port: int, *, serving: bool) -> Check:
    if serving:
        return Check(f"{name} port", ok=True, detail=f"{host}:{port}: held by our server")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            remedy = f"end the program that holds it, or set {name}.port"
            return Check(f"{name} port", ok=False, detail=f"{host}:{port}: {error.strerror}", remedy=remedy)
    return Check(f"{name} port", ok=True, detail=f"{host}:{port} is free")


def _models(settings: Settings) -> list[Check]:
    try:
        store = model_store(settings)
    except HirelineError as error:
        return [Check("models", ok=False, detail=error.what, remedy=error.remedy)]
    checks = []
    for model in store.manifest.models:
        state = store.state(model.name)
        ready = state is ModelState.READY
        checks.append(Check(f"model {model.name}", ok=ready, detail=str(state), remedy=None if ready else "hireline models fetch"))
    return checks


def _pack(settings: Settings) -> Check:
    folder = settings.models / settings.interview.language
    findings = check_folder(folder)
    errors = [finding for finding in findings if finding.severity == "error"]
    detail = f"{folder.name}: {len(errors)} errors, {len(findings) - len(errors)} warnings"
    return Check("language pack", ok=not errors, detail=detail, remedy="hireline pack check" if findings else None)


def _database(settings: Settings) -> Check:
    if not settings.database.exists():
        remedy = "`hireline demo` and `hireline hr sample` make one with sample data"
        return Check("database", ok=True, detail=f"{settings.database} does not exist yet", remedy=remedy)
    try:
        with SqliteStore(settings.database) as store:
            wrong = store.check()
    except HirelineError as error:
        return Check("database", ok=False, detail=error.what, remedy=error.remedy)
    return Check(
        "database", ok=not wrong, detail="; ".join(wrong) or str(settings.database), remedy="restore a backup" if wrong else None
    )
