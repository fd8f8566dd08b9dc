"""Asterisk's number patterns.

X is 0-9, Z is 1-9, N is 2-9, [13-5] is one of a set, a dot stands for one or more characters more, ! for any number of them, none
included. Letters count in either case; dashes outside a set count for nothing. (Asterisk documentation, "Pattern Matching".)
"""

from __future__ import annotations

import re
from functools import lru_cache

_CLASSES = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}
_SET = re.compile(r"\[([^\]]+)\]")


@lru_cache(maxsize=512)
def pattern_regex(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern.

    Args:
        pattern: with or without the leading underscore.

    Raises:
        ValueError: it is no pattern; the message says why.
    """
    text = pattern.removeprefix("_")
    if not text:
        raise ValueError("an empty pattern")
    parts: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "[":
            found = _SET.match(text, position)
            if found is None:
                raise ValueError("a set that is not closed: ] is missing")
            parts.append(f"[{_set(found[1])}]")
            position = found.end()
            continue
        if character in ".!":
            if position + 1 < len(text):
                raise ValueError(f"nothing may follow {character}")
            parts.append(".+" if character == "." else ".*")
        elif character != "-":
            parts.append(_CLASSES.get(character.upper(), re.escape(character)))
        position += 1
    return re.compile("".join(parts), re.DOTALL)


def matches(pattern: str, number: str) -> bool:
    """Whether an extension name, a pattern or a plain one, stands for this number. Raises ValueError."""
    if not pattern.startswith("_"):
        return pattern == number
    return pattern_regex(pattern).fullmatch(number) is not None


def _set(inside: str) -> str:
    """The inside of a regular expression's set; a range must not run backwards."""
    for low, high in re.findall(r"(.)-(.)", inside):
        if low > high:
            raise ValueError(f"the range {low}-{high} runs backwards")
    return re.sub(r"([\\^\]])", r"\\\1", inside)
