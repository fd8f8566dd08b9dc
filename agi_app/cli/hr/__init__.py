"""`hireline hr …`: the HR database from the command line; one module for each group of commands."""

from __future__ import annotations

import typer

from agi_app.cli.hr import assessments, care, follow_ups, imports, lists, pull, report, resumes, screening
from agi_app.cli.hr.database import open_store

__all__ = ["open_store", "register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The HR database: data in, screening, results out.", no_args_is_help=True)
    app.add_typer(group, name="hr")
    for module in (lists, imports, resumes, screening, assessments, report, pull, follow_ups, care):
        module.register(group)
