"""Machine output: `--json PATH`, where `-` is standard output; people's output then goes to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

JsonPath = typer.Option(
    None, "--json", metavar="PATH", help="Write the machine form to PATH; - is standard output.", show_default=False
)


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


def write_lines(values: Iterable[Any], json_path: str | None) -> None:
    """Write values as they come, one line of JSON each; just go through them when JSON was not asked for."""
    with ExitStack() as stack:
        sink = None
        if json_path is not None:
            sink = sys.stdout if json_path == "-" else stack.enter_context(Path(json_path).open("w", encoding="utf-8"))
        for value in values:
            if sink is not None:
                sink.write(json.dumps(value, ensure_ascii=False) + "\n")
                sink.flush()
