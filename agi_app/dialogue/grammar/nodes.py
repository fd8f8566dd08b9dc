"""The network a grammar is compiled to. Each node finds its ends from a start, and afterwards tells what the match means.

The score counts syllables explained, less three times their phonetic distance; fillers and gaps cost a little. What a rule
means is only computed for the matches that win.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from typing_extensions import override

from agi_app.dialogue.grammar.expression import Expression
from agi_app.dialogue.grammar.lexicon import Edge

if TYPE_CHECKING:
    from agi_app.dialogue.grammar.chart import Chart

_COST_WEIGHT = 3.0
_GAP = -0.12
_CLEARLY = 0.8
"""Share of the syllables that a look-ahead must explain: it decides without being weighed against anything."""
_GUESSED = 0.8
_LONG = 6
"""A word with a syllable that is quite another is a guess unless it is long."""
_TORN_NUMBER = -0.5
"""Further cost of a digit after punctuation: 一万，两周后 holds no 12000."""
_WORST = -2.0
"""Partial matches below this score are dropped."""

How: TypeAlias = Any
"""How a match came about; each kind of node has its own shape."""
Value: TypeAlias = Any
"""What a match means: a number, a text, an object, or None."""


class Found(NamedTuple):
    """A node's best match for one start and end."""

    score: float
    how: How


Ends: TypeAlias = Mapping[int, Found]
NOTHING: Ends = {}


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """A compiled expression. `first` has a bit for each word it may begin with; -1 is any."""

    index: int = 0
    first: int = 0
    nullable: bool = False

    def match(self, chart: Chart, start: int) -> Ends:
        """All ends from `start`."""
        raise NotImplementedError

    def value(self, how: How, scope: Scope) -> Value:
        """What the match means."""
        raise NotImplementedError


@dataclass(slots=True, eq=False, repr=False)
class Scope:
    """Names and result while a rule is evaluated."""

    names: dict[str, Any]
    chart: Chart
    result: Value = None
    tagged: bool = False
    referred: Value = None
    words: str = ""
    cost: float = 0.0
    syllables: int = 0
    loosest: float = 0.0
    """Cost of the worst match of a word of one syllable, or of one that was half guessed."""

    def absorb(self, inner: Scope) -> None:
        """Take over what an inner scope matched."""
        self.cost += inner.cost
        self.syllables += inner.syllables
        self.words += inner.words
        self.loosest = max(self.loosest, inner.loosest)

    def child(self) -> Scope:
        """A scope for a labelled item: sees the names, keeps its own result."""
        return Scope(dict(self.names), self.chart)

    def outcome(self) -> Value:
        """The tag's value, else the value referred to, else the grammar's own words."""
        if self.tagged:
            return self.result
        return self.referred if self.referred is not None else (self.words or None)


@dataclass(slots=True, eq=False, repr=False)
class WordNode(Node):
    """One of several words; each may stand for a constant, else for its own text."""

    values: dict[int, Any] | None = None

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        found: dict[int, Found] = {}
        values = self.values or {}
        breaks = chart.reading.breaks
        for at, skipped in chart.skips[start]:
            if not chart.begins[at] & self.first:
                continue
            for edge in chart.edges[at]:
                if edge.word in values:
                    score = edge.syllables - _COST_WEIGHT * edge.cost + skipped
                    if breaks[at] and edge.word in chart.digits:
                        score += _TORN_NUMBER
                    if edge.end not in found or found[edge.end].score < score:
                        found[edge.end] = Found(score, edge)
        return found

    @override
    def value(self, how: How, scope: Scope) -> Value:
        edge: Edge = how
        scope.cost += edge.cost
        scope.syllables += edge.syllables
        if edge.syllables == 1 or (edge.cost >= _GUESSED and edge.syllables < _LONG):
            scope.loosest = max(scope.loosest, edge.cost)
        text = scope.chart.text_of(edge.word)
        scope.words += text
        constant = (self.values or {}).get(edge.word)
        if constant is None:
            return text
        scope.result = constant
        scope.tagged = True
        return constant


@dataclass(slots=True, eq=False, repr=False)
class GapNode(Node):
    """Any syllables within a clause; the value is their text."""

    least: int = 0
    most: int = 6

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        found: dict[int, Found] = {}
        breaks = chart.reading.breaks
        for end in range(start, min(start + self.most, len(breaks)) + 1):
            if end - 1 > start and breaks[end - 1]:
                break
            if end - start >= self.least:
                found[end] = Found(_GAP * (end - start), (start, end))
        return found

    @override
    def value(self, how: How, scope: Scope) -> Value:
        return scope.chart.reading.words(*how) or None


@dataclass(slots=True, eq=False, repr=False)
class AnchorNode(Node):
    """Begin or end of a clause, fillers aside."""

    at_end: bool = False

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        ok = chart.ends[start] if self.at_end else chart.starts[start]
        return {start: Found(0.0, None)} if ok else NOTHING

    @override
    def value(self, how: How, scope: Scope) -> Value:
        return None


@dataclass(slots=True, eq=False, repr=False)
class LookaheadNode(Node):
    """What follows is, or is not, the item."""

    item: Node | None = None
    wanted: bool = True

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        found = chart.match(self.item, start) if self.item is not None else NOTHING
        follows = any(one.score >= _CLEARLY * (end - start) for end, one in found.items())
        return {start: Found(0.0, None)} if follows is self.wanted else NOTHING

    @override
    def value(self, how: How, scope: Scope) -> Value:
        return None


@dataclass(slots=True, eq=False, repr=False)
class TagNode(Node):
    """A tag: sets the result of the scope it stands in."""

    expression: Expression | None = None

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        return {start: Found(0.0, None)}

    @override
    def value(self, how: How, scope: Scope) -> Value:
        if self.expression is not None:
            scope.result = self.expression(scope.names)
            scope.tagged = True
        return scope.result


@dataclass(slots=True, eq=False, repr=False)
class SequenceNode(Node):
    """Items one after another."""

    items: tuple[Node, ...] = ()
    bonus: float = 0.0

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        frontier: dict[int, Found] = {start: Found(self.bonus, ())}
        for item in self.items:
            ahead: dict[int, Found] = {}
            for at, so_far in frontier.items():
                for end, found in chart.match(item, at).items():
                    score = so_far.score + found.score
                    if score > _WORST and (end not in ahead or ahead[end].score < score):
                        ahead[end] = Found(score, (so_far.how, found.how))
            if not ahead:
                return NOTHING
            frontier = ahead
        return frontier

    @override
    def value(self, how: How, scope: Scope) -> Value:
        steps: list[Any] = []
        while how != ():
            how, step = how
            steps.append(step)
        value: Any = None
        for item, step in zip(self.items, reversed(steps), strict=True):
            value = item.value(step, scope)
        return value


@dataclass(slots=True, eq=False, repr=False)
class AlternativesNode(Node):
    """The best of several."""

    choices: tuple[Node, ...] = ()

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        found: dict[int, Found] = {}
        for choice in self.choices:
            for end, one in chart.match(choice, start).items():
                if end not in found or found[end].score < one.score:
                    found[end] = Found(one.score, (choice, one.how))
        return found

    @override
    def value(self, how: How, scope: Scope) -> Value:
        choice, inner = how
        return choice.value(inner, scope)


@dataclass(slots=True, eq=False, repr=False)
class RepeatNode(Node):
    """An item several times."""

    item: Node | None = None
    least: int = 0
    most: int = 1

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        found: dict[int, Found] = {}
        frontier: dict[int, Found] = {start: Found(0.0, ())}
        item = self.item
        for count in range(self.most + 1):
            if count >= self.least:
                for end, one in frontier.items():
                    if end not in found or found[end].score < one.score:
                        found[end] = one
            if count == self.most or not frontier or item is None:
                break
            ahead: dict[int, Found] = {}
            for at, so_far in frontier.items():
                for end, one in chart.match(item, at).items():
                    score = so_far.score + one.score
                    if end > at and (end not in ahead or ahead[end].score < score):
                        ahead[end] = Found(score, (so_far.how, one.how))
            frontier = ahead
        return found

    @override
    def value(self, how: How, scope: Scope) -> Value:
        steps: list[Any] = []
        while how != ():
            how, step = how
            steps.append(step)
        value: Any = None
        if self.item is not None:
            for step in reversed(steps):
                value = self.item.value(step, scope)
        return value


@dataclass(slots=True, eq=False, repr=False)
class RuleNode(Node):
    """A rule by name; evaluated in a scope of its own."""

    name: str = ""
    body: Node | None = None

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        return chart.match(self.body, start) if self.body is not None else NOTHING

    @override
    def value(self, how: How, scope: Scope) -> Value:
        inner = Scope({"now": scope.names.get("now")}, scope.chart)
        if self.body is not None:
            self.body.value(how, inner)
        value = inner.outcome()
        scope.absorb(inner)
        scope.names[self.name] = value
        if value is not None:
            scope.referred = value
        return value


@dataclass(slots=True, eq=False, repr=False)
class LabelNode(Node):
    """label=item."""

    label: str = ""
    item: Node | None = None

    @override
    def match(self, chart: Chart, start: int) -> Ends:
        return chart.match(self.item, start) if self.item is not None else NOTHING

    @override
    def value(self, how: How, scope: Scope) -> Value:
        if self.item is None:
            return None
        inner = scope.child()
        direct = self.item.value(how, inner)
        value = direct if isinstance(self.item, GapNode | RuleNode) else inner.outcome()
        scope.absorb(inner)
        scope.names[self.label] = value
        return value


def weight_score(weight: float) -> float:
    """What an alternative's weight adds to its score (nothing for 1)."""
    return 0.5 * math.log(weight)
