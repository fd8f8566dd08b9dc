"""Reads the intents of a language pack: one YAML file an intent, with examples as people say them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agi_app.dialogue.understanding import Intent
from agi_app.errors import PackError

_FEWEST = 15
"""Fewer examples than this do not describe an intent."""


@dataclass(frozen=True)
class Examples:
    """All examples of a pack, in a fixed order."""

    texts: tuple[str, ...]
    intents: tuple[Intent, ...]
    digest: str
    """SHA-256 over intents and examples: when it changes the classifier is trained anew."""


def load_examples(folder: Path) -> Examples:
    """Read `*.yaml` of `folder`. Raises PackError naming file and line."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise PackError("the language pack has no intents", where=str(folder), remedy="restore the *.yaml files")
    texts: list[str] = []
    intents: list[Intent] = []
    origin: dict[str, str] = {}
    for path in files:
        intent, found = _read(path)
        if intent in intents:
            raise PackError(f"the intent {intent} has two files", where=str(path), remedy="put its examples into one file")
        for line, text in found:
            where = f"{path}:{line}"
            if text in origin:
                raise PackError(f"{text!r} is an example already, at {origin[text]}", where=where, remedy="remove one of them")
            origin[text] = where
            texts.append(text)
            intents.append(intent)
    lines = "\n".join(f"{intent}\t{text}" for intent, text in zip(intents, texts, strict=True))
    return Examples(tuple(texts), tuple(intents), hashlib.sha256(lines.encode()).hexdigest())


def _read(path: Path) -> tuple[Intent, list[tuple[int, str]]]:
    """The intent of one file, and its examples with their lines."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        what = f"the intent file cannot be read: {error}"
        raise PackError(what, where=str(path), remedy="save it as UTF-8, or restore it") from error
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise PackError("not valid YAML", where=f"{path}:{line}", remedy="correct the line") from error
    fields: dict[str, Any] = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    if set(fields) != {"intent", "examples"} or not isinstance(fields["examples"], yaml.SequenceNode):
        raise PackError(
            "an intent file holds `intent: name` and `examples:` with a list", where=f"{path}:1", remedy="see docs/language-pack.md"
        )
    name = fields["intent"]
    try:
        intent = Intent(name.value)
    except ValueError as error:
        known = ", ".join(Intent)
        raise PackError(f"there is no intent {name.value!r}", where=f"{path}:{_line(name)}", remedy=f"one of {known}") from error
    examples: list[tuple[int, str]] = []
    for item in fields["examples"].value:
        if not isinstance(item, yaml.ScalarNode) or item.tag != "tag:yaml.org,2002:str" or not item.value.strip():
            raise PackError("an example must be a text", where=f"{path}:{_line(item)}", remedy="put it in quotes")
        examples.append((_line(item), item.value.strip()))
    if len(examples) < _FEWEST:
        raise PackError(
            f"{len(examples)} examples are too few for {intent}", where=str(path), remedy=f"write at least {_FEWEST}, better 30"
        )
    return intent, examples


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
