"""Slot values out of the parses of all hypotheses, and whether one may rely on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.dialogue.nlu.parse import Parse
from agi_app.dialogue.questions import SLOTS

_UNSURE_DISTANCE = 0.13
"""Mean phonetic distance of a syllable beyond which a value is confirmed."""
_RIVAL = 0.6
"""Relative weight from which another hypothesis with another value makes one unsure."""


@dataclass(frozen=True, slots=True)
class Values:
    """What was said of the slots."""

    slots: dict[str, Any]
    sure: bool
    parse: Parse
    """The hypothesis the values come from."""


def find_values(parses: Sequence[Parse], asked: str | None) -> Values:
    """The values of the likeliest hypothesis that answers what was asked, else of the likeliest.

    Args:
        parses: at least one, best first.
        asked: the slot that was asked for.
    """
    readings = [_values(parse) for parse in parses]
    best = next((number for number, values in enumerate(readings) if asked in values), 0)
    chosen = readings[best]
    sure = all(distance <= _UNSURE_DISTANCE for _, distance in chosen.values())
    if asked in chosen:
        value = chosen[asked][0]
        for parse, values in zip(parses, readings, strict=True):
            if parse.weight >= _RIVAL and values.get(asked, (value, 0.0))[0] != value:
                sure = False
        sure = sure and best == 0
    return Values({slot: value for slot, (value, _) in chosen.items()}, sure, parses[best])


def _values(parse: Parse) -> dict[str, tuple[Any, float]]:
    """Value and distance by slot; what was said last replaces what was said before."""
    values: dict[str, tuple[Any, float]] = {}
    for match in parse.values:
        if match.kind == "decoy" or match.value is None:
            continue
        found = match.value if match.target == "*" else {match.target: match.value}
        for slot, value in found.items():
            if slot in SLOTS:
                values.pop(slot, None)
                values[slot] = (value, match.distance)
    return values
