"""Slot values out of the parses of all hypotheses, and whether one may rely on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from agi_app.dialogue.grammar.library import Match
from agi_app.dialogue.nlu.parse import Parse
from agi_app.dialogue.questions import SLOTS

_UNSURE_DISTANCE = 0.13
"""Mean phonetic distance of a syllable beyond which a value is confirmed."""
_RIVAL = 0.6
"""Relative weight from which another hypothesis with another value makes one unsure."""


_YEARLY_FROM = 100_000
"""Yuan a month from which we ask back."""
_LOOSE = 0.3
"""Cost of a word of one syllable from which the value is confirmed."""
_LESS_CLEAR = 0.1
"""By so much more distance a later value does not replace an earlier one."""
_NUMERALS = frozenset("零一二三四五六七八九十百千万两")
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
    sure = all(found.distance <= _UNSURE_DISTANCE and not found.doubtful for found in chosen.values())
    if answering:
        value = chosen[str(asked)].value
        rivals = (number for number in answering if parses[number].weight >= _RIVAL)
        sure = sure and best == 0 and all(readings[number][str(asked)].value == value for number in rivals)
    return Values({slot: found.value for slot, found in chosen.items()}, sure, parses[best])


class _Found(NamedTuple):
    value: Any
    distance: float
    score: float
    doubtful: bool
    """A digit was hardly heard, or more digits stand right next to it: part of a number was misheard."""


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
            known = values.get(slot)
            if slot in SLOTS and (known is None or match.distance <= known.distance + _LESS_CLEAR):
                values.pop(slot, None)
                doubtful = match.loosest > _LOOSE or _torn(parse, match) or _too_much(slot, value)
                values[slot] = _Found(value, match.distance, match.score, doubtful)
    return values


def _too_much(slot: str, value: Any) -> bool:  # noqa: ANN401 - a slot's value
    """So much a month that it was rather meant for the year, or misheard."""
    if slot != "expected_pay" or value.get("period") != "month":
        return False
    return any(value.get(bound, 0) >= _YEARLY_FROM for bound in ("min", "max"))


def _torn(parse: Parse, match: Match) -> bool:
    reading = parse.reading
    before = match.start > 0 and not reading.breaks[match.start] and reading.characters[match.start - 1] in _NUMERALS
    after = match.end < len(reading) and not reading.breaks[match.end] and reading.characters[match.end] in _NUMERALS
    return before or after
