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


_STRAY = 2
_MISFIT = 2
"""Syllables nothing explains in the likeliest reading, from which its value is confirmed even where another reading has it, too."""
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
    contested: bool = False
    """A hypothesis that is nearly as likely has another value for what was asked, or part of the value was misheard."""


def find_values(parses: Sequence[Parse], asked: str | None) -> Values:
    """The values of the likeliest hypothesis that answers what was asked, else of the likeliest.

    Args:
        parses: at least one, best first.
        asked: the slot that was asked for.
    """
    readings = [_values(parse) for parse in parses]
    answering = [number for number, values in enumerate(readings) if asked in values] if asked else []
    # Fewer syllables left unexplained, in a likelier hypothesis: 上五 in the first may be 周五上午 in the second.
    best = max(
        answering,
        key=lambda number: _LIKELIHOOD * _log(parses[number]) - _misfit(parses[number], readings[number][str(asked)]),
        default=0,
    )
    chosen = readings[best]
    sure = all(found.distance <= _UNSURE_DISTANCE and not found.doubtful for found in chosen.values())
    contested = False
    if answering:
        value = chosen[str(asked)].value
        likely = {0, *(number for number in answering if parses[number].weight >= _RIVAL)}
        rivalled = any(number not in answering or readings[number][str(asked)].value != value for number in likely)
        rivalled = rivalled or (best != 0 and _misfit(parses[0], readings[0][str(asked)]) >= _MISFIT)
        sure = sure and not rivalled
        contested = rivalled or chosen[str(asked)].doubtful
    return Values({slot: found.value for slot, found in chosen.items()}, sure, parses[best], contested)


class _Found(NamedTuple):
    value: Any
    distance: float
    syllables: int
    doubtful: bool
    """A digit was hardly heard, or more digits stand right next to it: part of a number was misheard."""


def _misfit(parse: Parse, found: _Found) -> float:
    """Syllables of a hypothesis that nothing explains, and how far the value's are from what they should sound like."""
    explained = [match for match in (*parse.values, *parse.intents) if match.kind != "decoy"]
    covered = {at for match in explained for at in range(match.start, match.end)}
    return sum(at not in covered and not idle for at, idle in enumerate(parse.idle)) + found.distance * found.syllables


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
                doubtful = match.loosest > _LOOSE or _torn(parse, match) or _too_much(slot, value) or _frayed(parse, slot, match)
                values[slot] = _Found(value, match.distance, match.end - match.start, doubtful)
    return values


def _frayed(parse: Parse, slot: str, match: Match) -> bool:
    """A stray syllable or two right behind an amount, such as the 米 of 一万两千米: part of it was misheard."""
    if slot != "expected_pay":
        return False
    reading, at = parse.reading, match.end
    while at < len(reading) and not reading.breaks[at]:
        at += 1
    rest = range(match.end, at)
    explained = {token for one in (*parse.values, *parse.intents) for token in range(one.start, one.end)}
    return 0 < len(rest) <= _STRAY and not any(token in explained or parse.idle[token] for token in rest)


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
