"""Finds the words of the grammars in an utterance by their sound.

All words stand in one trie of syllables. From every position of the utterance the trie is walked with a budget: each syllable
may be exchanged for one that sounds alike at the cost `phonetics` gives, and in words of four syllables or more one may be
missing, one too many, or one quite another (the first only in longer words: it tells 下个礼拜 from 一个礼拜).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agi_app.dialogue.grammar.phonetics import Phonetics
from agi_app.dialogue.grammar.reading import Reading, read

_WIDEST = 0.6
"""Syllables farther apart than this never stand for one another."""
_EDIT = 0.8
"""Cost of a syllable left out or put in."""
_EDITABLE = 4
_EDITABLE_FIRST = 5
_OVER_BREAK = 0.1
_BUDGETS = (0.0, 0.5, 0.66, 0.95)
_BUDGET_A_SYLLABLE = 0.32
_IN_CONTEXT = (1.0, 1.0, 0.8, 0.6)
"""A wrong character counts less the more syllables of the word stand around it."""
_UNLIKE = 0.08
_UNLIKE_COMMON = 0.3
"""Added to the distance when the syllable written is a rare or a very common character."""


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    words: list[int] = field(default_factory=list)


class _Step(NamedTuple):
    """Where the walk through the trie stands."""

    node: _Node
    at: int
    depth: int
    cost: float
    edited: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """A word found from `start` (of the position it is listed under) to `end`, at `cost` (0 exact)."""

    word: int
    end: int
    cost: float
    syllables: int


class Lexicon:
    """The words of all grammars, by number."""

    def __init__(self, phonetics: Phonetics) -> None:
        self.phonetics = phonetics
        self.texts: list[str] = []
        self.readings: list[Reading] = []
        self._numbers: dict[tuple[str, ...], int] = {}
        self._root = _Node()
        self._tails = _Node()
        """The longer words again, without their first syllable."""
        self._alike: dict[tuple[str, ...], dict[str, float]] = {}
        self._inventory: set[str] = set()

    def add(self, text: str) -> int:
        """The number of a word, made when it is new."""
        reading = read(text)
        key = reading.characters
        if key not in self._numbers:
            number = self._numbers[key] = len(self.texts)
            self.texts.append(text)
            self.readings.append(reading)
            self._inventory.update(reading.syllables)
            _plant(self._root, reading.syllables, number)
            if len(reading) >= _EDITABLE_FIRST:
                _plant(self._tails, reading.syllables[1:], number)
        return self._numbers[key]

    @property
    def digits(self) -> frozenset[int]:
        """The words that consist of digits only."""
        digits = self.phonetics.digits
        return frozenset(number for number, reading in enumerate(self.readings) if set(reading.characters) <= digits)

    def alike(self, character: str, syllable: str) -> dict[str, float]:
        """Syllables of the lexicon that `syllable` (written as `character`) may stand for, with their distance."""
        others = self.phonetics.readings.get(character, ())
        key = (syllable, *others)
        known = self._alike.get(key)
        if known is None:
            known = {}
            for meant in self._inventory:
                distance = min(self.phonetics.distance(one, meant) for one in key)
                if distance <= _WIDEST:
                    known[meant] = distance
            self._alike[key] = known
        return known

    def edges(self, reading: Reading) -> list[list[Edge]]:
        """For each position the words that begin there, the cheapest for each word and end."""
        alike = [self.alike(c, s) for c, s in zip(reading.characters, reading.syllables, strict=True)]
        return [self._edges_at(reading, alike, start) for start in range(len(reading))]

    def _edges_at(self, reading: Reading, alike: Sequence[dict[str, float]], start: int) -> list[Edge]:
        best: dict[tuple[int, int], float] = {}
        stack = [_Step(self._root, start, 0, 0.0, edited=False)]
        if start + 1 < len(reading):
            stack.append(_Step(self._tails, start + 1, 1, _EDIT, edited=True))
        while stack:
            step = stack.pop()
            for word in step.node.words:
                total = step.cost + self._spelling(reading, start, step.at, word, edited=step.edited)
                if total <= _budget(len(self.readings[word])) and total < best.get((word, step.at), 9.0):
                    best[word, step.at] = total
            if step.node.children:
                if step.at < len(reading):
                    over = _OVER_BREAK if step.at > start and reading.breaks[step.at] else 0.0
                    stack += _heard(step, alike[step.at], over)
                if not step.edited and step.depth >= 1:
                    stack += _edited(step, len(reading))
        return [Edge(word, end, cost, end - start) for (word, end), cost in best.items()]

    def _spelling(self, reading: Reading, start: int, end: int, word: int, *, edited: bool) -> float:
        """What the written characters add: nothing where they are the word's own."""
        meant = self.readings[word]
        if edited:
            return 0.0 if len(meant) >= _EDITABLE else 9.0
        phonetics = self.phonetics
        in_context = _IN_CONTEXT[min(len(meant), len(_IN_CONTEXT) - 1)]
        total = 0.0
        for offset in range(end - start):
            written = reading.characters[start + offset]
            other = meant.characters[offset]
            if written != other and phonetics.variants.get(written, -1) != phonetics.variants.get(other, -2):
                common = written in phonetics.common
                if reading.syllables[start + offset] == meant.syllables[offset]:
                    total += (phonetics.common_homophone if common else phonetics.homophone) * in_context
                else:
                    total += _UNLIKE_COMMON if common else _UNLIKE
            elif reading.syllables[start + offset] != meant.syllables[offset]:
                # The same character read in another way: take back the distance of the two readings.
                total -= self.alike(written, reading.syllables[start + offset]).get(meant.syllables[offset], 0.0)
        return total


def _heard(step: _Step, near: dict[str, float], over: float) -> list[_Step]:
    """One syllable on, for all that it may stand for."""
    children = step.node.children
    # The smaller of the two is walked: the root has hundreds of children, a deep node one or two.
    found = [syllable for syllable in children if syllable in near] if len(children) < len(near) else near.keys() & children.keys()
    budget = _budget(step.depth + 4)
    return [
        _Step(children[syllable], step.at + 1, step.depth + 1, spent, step.edited)
        for syllable in found
        if (spent := step.cost + near[syllable] + over) <= budget
    ]


def _edited(step: _Step, length: int) -> list[_Step]:
    """The one syllable that may be missing, too many, or quite another."""
    cost = step.cost + _EDIT
    steps = [_Step(child, step.at, step.depth + 1, cost, edited=True) for child in step.node.children.values()]
    if step.at < length:
        steps += [_Step(child, step.at + 1, step.depth + 1, cost, edited=True) for child in step.node.children.values()]
        if step.depth >= 2:
            steps.append(_Step(step.node, step.at + 1, step.depth, cost, edited=True))
    return steps


def _plant(node: _Node, syllables: Sequence[str], word: int) -> None:
    for syllable in syllables:
        node = node.children.setdefault(syllable, _Node())
    node.words.append(word)


def _budget(syllables: int) -> float:
    return _BUDGETS[syllables] if syllables < len(_BUDGETS) else _BUDGET_A_SYLLABLE * syllables
