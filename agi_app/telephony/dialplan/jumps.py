"""Where a step of the dialplan may go on: the targets of Goto, Gosub and their kin, as far as they stand in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_OPEN, _CLOSE = "([{", ")]}"
ENDING = frozenset({"goto", "hangup", "return", "macroexit", "busy", "congestion"})
"""Applications after which the next priority is never reached (Busy and Congestion: unless they have a time limit)."""
_TIMED = frozenset({"busy", "congestion"})


@dataclass(frozen=True, slots=True)
class Jump:
    """A target; None stands for where the step itself is, DYNAMIC for what is known only during a call."""

    context: str | None
    extension: str | None
    priority: str


DYNAMIC = "\0"


def jumps(application: str, arguments: str) -> Iterator[Jump]:
    """The targets of one step, by its application."""
    match application.lower():
        case "goto":
            yield _target(arguments)
        case "gosub":
            yield _target(_without_arguments(arguments))
        case "gotoif" | "gosubif" | "gotoiftime":
            _, _, branches = _cut(arguments, "?")
            first, _, second = _cut(branches, ":")
            for branch in (first, second):
                if branch.strip():
                    yield _target(_without_arguments(branch) if application.lower() == "gosubif" else branch)


def ends(application: str, arguments: str) -> bool:
    """Whether nothing after this step is reached but by a jump."""
    name = application.lower()
    return name in ENDING and not (name in _TIMED and arguments.strip())


def split(text: str, separator: str = ",") -> list[str]:
    """Split where a separator stands outside all brackets and quotes."""
    parts = []
    while True:
        part, found, text = _cut(text, separator)
        parts.append(part.strip())
        if not found:
            return parts


def _target(text: str) -> Jump:
    parts = [DYNAMIC if "${" in part or "$[" in part else part for part in split(text)]
    priority = parts[-1]
    extension = parts[-2] if len(parts) > 1 else None
    context = parts[-3] if len(parts) > 2 else None
    return Jump(context or None, extension or None, priority)


def _without_arguments(text: str) -> str:
    """A Gosub target without the (ARGUMENTS) at its end."""
    text = text.strip()
    depth = 0
    for position, character in enumerate(text):
        if character == "(" and depth == 0 and not text[:position].endswith("$"):
            return text[:position]
        depth += (character in "[{") - (character in "]}")
    return text


def _cut(text: str, separator: str) -> tuple[str, str, str]:
    """`partition` at the first separator outside all brackets and quotes."""
    depth, quoted = 0, False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character in _OPEN) - (character in _CLOSE)
            if depth == 0 and character == separator:
                return text[:position], separator, text[position + 1 :]
    return text, "", ""
