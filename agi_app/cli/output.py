"""Machine output: `--json PATH`, where `-` is standard output; people's output then goes to standard error."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

JsonPath = typer.Option(None, "--json", metavar="PATH", help="Write the machine form to PATH; - is standard output.", show_default=False)


def console_for(json_path: str | None) -> Console:
    """The console for people: standard error when standard output carries JSON."""
    return Console(stderr=json_path == "-")


def write_json(value: Any, json_path: str | None) -> None:  # noqa: ANN401 - whatever JSON can carry
    """Write a value as JSON where the user asked for it; nothing when not asked."""
    if json_path is None:
        return
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"
    if json_path == "-":
        sys.stdout.write(text)
    else:
        Path(json_path).write_text(text, "utf-8")
