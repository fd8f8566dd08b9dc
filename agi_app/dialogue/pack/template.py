"""Sentences with named facts in them.

`{pay.range}` is replaced by a fact. `[…]` is said only when every fact inside it is known; `[overtime.time_off_in_lieu: …]` only
when that fact is known or that statement true, `[!place.remote: …]` only when it is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator

Facts = Mapping[str, str | None]
"""Name to spoken text; None for a fact that is not known, the empty text for a statement that is true."""

_NAME = r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_GUARD = re.compile(rf"(!?)({_NAME})\s*[:：]\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a template; an optional one stood in square brackets."""

    text: str
    names: tuple[str, ...]
    optional: bool = False
    guard: str | None = None
    negated: bool = False

    def render(self, facts: Facts) -> str | None:
        """The text with its facts, None when a fact is missing, empty when its guard says so."""
        if self.guard and (facts.get(self.guard) is None) is not self.negated:
            return "" if self.optional else None
        values = {name: facts.get(name) for name in self.names}
        if any(not value for value in values.values()):
            return "" if self.optional else None
        return _PLACEHOLDER.sub(lambda match: values[match.group(1)] or "", self.text)


@dataclass(frozen=True, slots=True)
class Template:
    """One sentence, or two, of the pack."""

    source: str
    where: str
    """`file:line`."""
    parts: tuple[Part, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every fact it mentions."""
        return frozenset(name for part in self.parts for name in (*part.names, *((part.guard,) if part.guard else ())))

    @property
    def needed(self) -> frozenset[str]:
        """The facts without which it cannot be said."""
        return frozenset(name for part in self.parts if not part.optional for name in part.names)

    def render(self, facts: Facts) -> str | None:
        """The sentence, or None when a fact it needs is not known."""
        texts = [part.render(facts) for part in self.parts]
        return None if None in texts else "".join(text for text in texts if text)


def parse_template(value: object) -> Template:
    """Read a template. Raises ValueError on brackets that do not match or a name that is none."""
    if isinstance(value, Template):
        return value
    if not isinstance(value, str):
        raise ValueError("must be text; put it in quotes")  # noqa: TRY004  pydantic turns a ValueError into a message with its place
    if not value.strip():
        raise ValueError("must not be empty")
    parts: list[Part] = []
    rest = value.strip()
    while rest:
        before, bracket, rest = rest.partition("[")
        if "]" in before:
            raise ValueError("`]` without `[`")
        if before:
            parts.append(_part(before, optional=False))
        if bracket:
            inside, closing, rest = rest.partition("]")
            if not closing or "[" in inside:
                raise ValueError("`[` without `]`, or brackets inside brackets")
            parts.append(_part(inside, optional=True))
    return Template(str(value), getattr(value, "where", ""), tuple(parts))


def _part(text: str, *, optional: bool) -> Part:
    guard = _GUARD.match(text) if optional else None
    body = text[guard.end() :] if guard else text
    names = tuple(_PLACEHOLDER.findall(body))
    if _PLACEHOLDER.sub("", body).strip("{}") != _PLACEHOLDER.sub("", body) or "{" in _PLACEHOLDER.sub("", body):
        raise ValueError("`{` and `}` do not match")
    for name in names:
        if not re.fullmatch(_NAME, name):
            raise ValueError(f"`{{{name}}}` is not a name: lower-case letters, digits, `_` and `.`")
    if optional and not names and not guard:
        raise ValueError(f"`[{text}]` names no fact that decides whether it is said")
    return Part(body, names, optional, guard.group(2) if guard else None, bool(guard and guard.group(1)))


Sentence = Annotated[Template, BeforeValidator(parse_template)]
"""A field that holds one template."""


def as_list(value: object) -> object:
    """One text stands for a list of one."""
    return [value] if isinstance(value, str) else value


Sentences = Annotated[tuple[Sentence, ...], BeforeValidator(as_list)]
"""A field that holds several ways to say the same."""
