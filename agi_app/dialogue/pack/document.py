"""YAML with line numbers: every text knows the file and line it stands in, and every error can name them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from agi_app.errors import PackError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast one where PyYAML was built with it."""

Place = tuple[str | int, ...]
"""A path inside a document: keys and indexes."""


class Text(str):
    """A text from a file; `where` is `file:line`."""

    __slots__ = ("where",)
    where: str

    def __new__(cls, value: str, where: str) -> Self:
        """Make a text that knows its place."""
        text = super().__new__(cls, value)
        text.where = where
        return text


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its data, and the line of each key and item."""

    file: Path
    data: Any
    lines: dict[Place, int]

    def where(self, place: Place = ()) -> str:
        """`file:line` of a place, or of the nearest place above it that has a line."""
        known = tuple(place)
        while known and known not in self.lines:
            known = known[:-1]
        return f"{self.file}:{self.lines.get(known, 1)}"


def read_document(file: Path) -> Document:
    """Read one YAML file. Raises PackError naming file and line: missing, not UTF-8, not YAML, a key given twice."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PackError(
            "a file of the language pack is missing", where=str(file), remedy="restore it, or remove its name"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(
            f"a file of the language pack cannot be read: {error}", where=str(file), remedy="save it as UTF-8"
        ) from error
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        builder = _Builder(loader, file)
        return Document(file, builder.value(node, ()) if node else None, builder.lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not valid YAML"
        line = mark.line + 1 if mark else 1
        raise PackError(
            f"not valid YAML: {problem}", where=f"{file}:{line}", remedy="check indentation, quotes and colons"
        ) from error
    finally:
        loader.dispose()


class _Builder:
    """Turns YAML nodes into Python values and notes where each stood."""

    def __init__(self, loader: yaml.SafeLoader, file: Path) -> None:
        self._loader = loader
        self._file = file
        self._open: list[yaml.Node] = []
        self.lines: dict[Place, int] = {}

    def value(self, node: yaml.Node, place: Place) -> object:
        if any(node is above for above in self._open):
            raise PackError("an alias refers to itself", where=f"{self._file}:{node.start_mark.line + 1}", remedy="write it out")
        self.lines.setdefault(place, node.start_mark.line + 1)
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, place)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
            made = self._loader.construct_object(node)
        finally:
            self._open.pop()
        return Text(made, f"{self._file}:{node.start_mark.line + 1}") if isinstance(made, str) else made

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        made: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)  # keys are words here: `no:` and `1:` mean what is written
            line = key_node.start_mark.line + 1
            if key in made:
                raise PackError(f"`{key}` is given twice", where=f"{self._file}:{line}", remedy="keep one of them")
            self.lines[(*place, key)] = line
            made[key] = self.value(value_node, (*place, key))
        return made
