"""The language pack's `telephone.yaml`: what is said outside the interview."""

from __future__ import annotations

import string
from pathlib import Path

import yaml

from agi_app.errors import PackError

FILE = "telephone.yaml"
_FIELDS: dict[str, frozenset[str]] = {
    "screened": frozenset({"company", "candidate"}),
    "voicemail_message": frozenset({"company", "candidate"}),
    "returning": frozenset(),
    "which_of_several": frozenset({"company"}),
    "which_again": frozenset(),
    "unknown": frozenset({"company"}),
    "unknown_office": frozenset({"office"}),
    "unknown_leave": frozenset(),
    "number_taken": frozenset({"number"}),
    "number_same": frozenset(),
    "nothing_left": frozenset(),
    "no_open_interview": frozenset({"candidate"}),
    "transfer_wait": frozenset(),
    "transfer_whisper": frozenset({"candidate", "job"}),
    "transfer_failed": frozenset(),
    "transfer_closed": frozenset(),
}
"""The sentences there must be, and the names each may use."""


class Sayings:
    """Sentences by name, checked when they are loaded.

    Args:
        sentences: name to sentence, with names to fill in in braces.
    """

    def __init__(self, sentences: dict[str, str]) -> None:
        self._sentences = sentences

    def say(self, name: str, **filled: str) -> str:
        """A sentence with its names filled in."""
        return self._sentences[name].format_map(filled)


def load_sayings(folder: Path) -> Sayings:
    """Read the pack's `telephone.yaml`. Raises PackError naming file and sentence."""
    path = folder / FILE
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise PackError(f"the telephone's sentences cannot be read: {error.strerror}", where=str(path)) from error
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise PackError("not valid YAML", where=f"{path}:{line}", remedy="correct the line") from error
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise PackError("a mapping of names to sentences is expected", where=str(path), remedy="write one sentence a line")
    if set(data) != set(_FIELDS):
        wrong = ", ".join(sorted(set(data) ^ set(_FIELDS)))
        raise PackError(f"sentences that are missing or unknown: {wrong}", where=str(path), remedy="keep exactly the known names")
    for name, sentence in data.items():
        try:
            used = {field for _, field, _, _ in string.Formatter().parse(sentence) if field is not None}
        except ValueError as error:
            raise PackError(f"{name}: {error}", where=str(path), remedy="write names as {candidate}") from error
        if not used <= _FIELDS[name]:
            unknown = ", ".join(sorted(used - _FIELDS[name]))
            raise PackError(f"{name}: {unknown} is not filled in here", where=str(path), remedy="use another name, or none")
    return Sayings(dict(data))
