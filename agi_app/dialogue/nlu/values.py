"""Slot values out of the parses of all hypotheses, and whether one may rely on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from agi_app.dialogue.nlu.parse import Parse
from agi_app.dialogue.questions import SLOTS

_UNSURE_DISTANCE = 0.13
"""Mean phonetic distance of a syllable beyond which a value is confirmed."""
_RIVAL = 0.6
"""Relative weight from which another hypothesis with another value makes one unsure."""


_LIKELIHOOD = 0.7
"""Syllables that a factor of e between the weights of two hypotheses is worth."""


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
    answering = [number for number, values in enumerate(readings) if asked in values] if asked else []
    # More syllables explained, in a likelier hypothesis: 上五 in the first may be 周五上午 in the second.
    best = max(answering, key=lambda number: readings[number][str(asked)].score + _LIKELIHOOD * _log(parses[number]), default=0)
    chosen = readings[best]
    sure = all(found.distance <= _UNSURE_DISTANCE for found in chosen.values())
    if answering:
        value = chosen[str(asked)].value
        rivals = (number for number in answering if parses[number].weight >= _RIVAL)
        sure = sure and best == 0 and all(readings[number][str(asked)].value == value for number in rivals)
    return Values({slot: found.value for slot, found in chosen.items()}, sure, parses[best])


class _Found(NamedTuple):
    value: Any
    distance: float
    score: float


def _log(parse: Parse) -> float:
    return math.log(max(parse.weight, 1e-6))


def _values(parse: Parse) -> dict[str, _Found]:
    """What was found for each slot; what was said last replaces what was said before."""
    values: dict[str, _Found] = {}
    for match in parse.values:
        if match.kind == "decoy" or match.value is None:
            continue
        found = match.value if match.target == "*" else {match.target: match.value}
        for slot, value in found.items():
            if slot in SLOTS:
                values.pop(slot, None)
                values[slot] = _Found(value, match.distance, match.score)
    return values
