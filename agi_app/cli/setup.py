"""`hireline setup`: models and Asterisk on this machine."""

from __future__ import annotations

import typer
from rich.console import Console

from agi_app.cli.models import fetch_models
from agi_app.config import load_settings
from agi_app.language import load_understander
from agi_app.telephony.secrets import load_secrets
from agi_app.telephony.server import ensure_asterisk


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def setup() -> None:
        """Fetch the models, find or install Asterisk, make the secrets, train the understanding. Done steps are not done twice.

        Example: hireline setup
        """
        settings = load_settings()
        console = Console(stderr=True)
        fetch_models(settings, None, console)
        load_secrets(settings.state)
        with console.status("looking for Asterisk"):
            installation = ensure_asterisk(settings, lambda line: console.print(f"[bold]\\[setup][/] {line}", highlight=False))
        with console.status("training the understanding of the language pack"):
            load_understander(settings)
        version = ".".join(str(part) for part in installation.version)
        console.print(f"[bold]\\[setup][/] ready: models, Asterisk {version}", highlight=False)
