"""Splits what is to be said into clauses, so that the first audio leaves while the rest is still being made."""

from __future__ import annotations

import re

_MARK = re.compile(r"[，。？！；：]")
_STRONG = frozenset("。？！；")

FIRST_AT_LEAST = 2
"""Characters before the first cut may come: 好的， may leave alone, 嗯， may not."""
NEXT_AT_LEAST = 10
"""Later clauses are longer: whole phrases keep their melody, and there is time to make them."""
LONGEST = 60
"""Characters after which a clause is cut even without a mark."""


def clauses(text: str) -> list[str]:
    """Cut normalised text at its marks; every clause keeps its mark. Joined they give the text again.

    The first clause is short. A strong mark (。？！；) always ends a clause that is long enough to stand alone.
    """
    found: list[str] = []
    current = ""
    for part in _parts(text):
        current += part
        mark = current[-1]
        spoken = len(_MARK.sub("", current))
        least = FIRST_AT_LEAST if not found else NEXT_AT_LEAST
        if _MARK.match(mark) and (spoken >= least or (mark in _STRONG and spoken >= 4)):
            found.append(current)
            current = ""
    if current:
        # A short rest belongs to what came before it, a lone word sounds lost.
        if len(found) > 1 and len(_MARK.sub("", current)) < FIRST_AT_LEAST:
            found[-1] += current
        else:
            found.append(current)
    return found


def _parts(text: str) -> list[str]:
    """Pieces that end with a mark, none longer than the longest clause."""
    parts: list[str] = []
    start = 0
    for match in _MARK.finditer(text):
        parts.append(text[start : match.end()])
        start = match.end()
    if start < len(text):
        parts.append(text[start:])
    return [piece for part in parts for piece in _short(part)]


def _short(part: str) -> list[str]:
    if len(part) <= LONGEST:
        return [part]
    cut = part.rfind("、", LONGEST // 2, LONGEST) + 1 or LONGEST
    return [part[:cut], *_short(part[cut:])]


def pause_after(clause: str) -> float:
    """Seconds of silence that follow a clause inside one sentence or between sentences."""
    mark = clause[-1:]
    if mark in _STRONG:
        return 0.32
    return 0.16 if _MARK.match(mark) else 0.0
