"""`hireline api …`: the REST API alone, and the keys that open it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import typer
from rich.console import Console
from rich.table import Table

from agi_app.cli.hr import open_store
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.cli.start import load_and_log, stop_signals
from agi_app.exchange import exchange
from hr_sync.api.scopes import SCOPES, Role, Scope
from hr_sync.api.server import description
from hr_sync.store.api_keys import ApiKey, ApiKeys


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The REST API of results, candidates, jobs and recordings.", no_args_is_help=True)
    app.add_typer(group, name="api")
    group.command("serve")(_serve)
    group.command("describe")(_describe)
    keys = typer.Typer(
        help="Keys that open the REST API.\n\nExample: hireline api keys create --name 'HR system' --role integration",
        no_args_is_help=True,
    )
    group.add_typer(keys, name="keys")
    keys.command("create")(_create)
    keys.command("list")(_list)
    keys.command("revoke")(_revoke)


def _serve() -> None:
    """Run the REST API and push results, without the phone wing. `hireline serve` does both.

    Example: hireline api serve
    """
    settings = load_and_log()

    async def run() -> None:
        with open_store() as store:
            async with exchange(settings, store) as running:
                stop = stop_signals()
                Console().print(f"{running.summary}; Ctrl-C to stop", highlight=False)
                await stop.get()

    asyncio.run(run())


def _describe(
    json_path: str | None = typer.Option("-", "--json", metavar="PATH", help="Where to write; - is standard output."),
) -> None:
    """Write the API's OpenAPI 3.1 description, the same that a server shows at /openapi.json.

    Example: hireline api describe --json openapi.json
    """
    write_json(description(), json_path)


def _create(
    name: str = typer.Option(..., "--name", help="Who will use it."),
    role: Role = typer.Option(Role.INTEGRATION, "--role", help="What it may do."),
    scopes: list[Scope] = typer.Option([], "--scope", help="Allow this only; may be given several times.", show_default=False),
    days: int | None = typer.Option(None, "--days", min=1, max=3650, help="Ends after so many days.", show_default="never"),
    json_path: str | None = JsonPath,
) -> None:
    """Make a key and show it once: only a digest of it is kept.

    Examples: hireline api keys create --name 'HR system' --role integration · hireline api keys create --name dashboard
    --scope results:read --days 90
    """
    now = datetime.now(UTC)
    allowed = frozenset(scopes) or SCOPES[role]
    if beyond := sorted(allowed - SCOPES[role]):
        raise typer.BadParameter(f"the role {role} does not allow {', '.join(beyond)}", param_hint="--scope")
    with open_store() as store:
        key, token = ApiKeys(store.transactions).create(
            name, role=role, scopes=allowed, at=now, expires_at=now + timedelta(days=days) if days else None
        )
    console = console_for(json_path)
    console.print(f"key {key.id} for {key.name}: {', '.join(sorted(key.scopes))}", highlight=False)
    if json_path is None:
        console.print(token, highlight=False, soft_wrap=True)
        console.print("Keep it where only that system reads it; it is not shown again.", style="dim")
    write_json({"id": key.id, "token": token, "scopes": sorted(key.scopes)}, json_path)


def _list(json_path: str | None = JsonPath) -> None:
    """List the keys.

    Example: hireline api keys list
    """
    with open_store() as store:
        found = ApiKeys(store.transactions).list()
    now = datetime.now(UTC)
    table = Table("Key", "For", "Role", "State", "Last used", "Scopes")
    for key in found:
        used = f"{key.last_used_at:%Y-%m-%d %H:%M} UTC" if key.last_used_at else "never"
        table.add_row(key.id, key.name, key.role, _state(key, now), used, ", ".join(sorted(key.scopes)))
    console_for(json_path).print(table)
    write_json([_plain(key) for key in found], json_path)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if not key.usable(now):
        return "expired"
    return f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "open"


def _plain(key: ApiKey) -> dict[str, object]:
    times = {name: getattr(key, name) for name in ("created_at", "expires_at", "last_used_at", "revoked_at")}
    return {"id": key.id, "name": key.name, "role": key.role, "scopes": sorted(key.scopes)} | {
        name: at.isoformat() if at else None for name, at in times.items()
    }


def _revoke(key_id: str = typer.Argument(help="Id of the key, as `hireline api keys list` shows it.")) -> None:
    """End a key at once.

    Example: hireline api keys revoke 3f9a01c2d4e5
    """
    with open_store() as store:
        fresh = ApiKeys(store.transactions).revoke(key_id, datetime.now(UTC))
    Console().print(f"key {key_id} {'is revoked' if fresh else 'was revoked already'}", highlight=False)
