"""Finds rules over the words of an utterance: a memoised top-down chart, best score for each rule, start and end (Viterbi).

The score counts syllables explained, less three times their phonetic distance; fillers and gaps cost a little. What a rule
means is only computed for the matches that win.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from agi_app.dialogue.grammar.expression import Expression
from agi_app.dialogue.grammar.lexicon import Edge
from agi_app.dialogue.grammar.reading import Reading

COST_WEIGHT = 3.0
_GAP = -0.12
_FILLER = -0.1
_BREAK = -0.15
_WORST = -2.0
"""Partial matches below this score are dropped."""


class Found(NamedTuple):
    """A node's best match for one start and end: score and how it came about."""

    score: float
    how: Any


Ends = Mapping[int, Found]
_NOTHING: Ends = {}


@dataclass(slots=True)
class Node:
    """A compiled expression. `first` has a bit for each word it may begin with; -1 is any."""

    index: int = 0
    first: int = 0
    nullable: bool = False

    def match(self, chart: Chart, start: int) -> Ends:
        """All ends from `start`."""
        raise NotImplementedError

    def value(self, how: Any, scope: Scope) -> Any:
        """What the match means."""
        raise NotImplementedError


@dataclass(slots=True)
class Scope:
    """Names and result while a rule is evaluated."""

    names: dict[str, Any]
    chart: Chart
    result: Any = None
    tagged: bool = False
    referred: Any = None
    words: str = ""
    cost: float = 0.0
    syllables: int = 0

    def child(self) -> Scope:
        """A scope for a labelled item: sees the names, keeps its own result."""
        return Scope(dict(self.names), self.chart)

    def outcome(self) -> Any:
        """The tag's value, else the value referred to, else the grammar's own words."""
        if self.tagged:
            return self.result
        return self.referred if self.referred is not None else (self.words or None)


@dataclass(slots=True)
class WordNode(Node):
    """One of several words; each may stand for a constant, else for its own text."""

    values: dict[int, Any] | None = None

    def match(self, chart: Chart, start: int) -> Ends:
        found: dict[int, Found] = {}
        values = self.values or {}
        for at, skipped in chart.skips[start]:
            if not chart.begins[at] & self.first:
                continue
            for edge in chart.edges[at]:
                if edge.word in values:
                    score = edge.syllables - COST_WEIGHT * edge.cost + skipped
                    if edge.end not in found or found[edge.end].score < score:
                        found[edge.end] = Found(score, edge)
        return found

    def value(self, how: Any, scope: Scope) -> Any:
        edge: Edge = how
        scope.cost += edge.cost
        scope.syllables += edge.syllables
        text = scope.chart.text_of(edge.word)
        scope.words += text
        constant = (self.values or {}).get(edge.word)
        if constant is None:
            return text
        scope.result = constant
        scope.tagged = True
        return constant


@dataclass(slots=True)
class GapNode(Node):
    """Any syllables within a clause; the value is their text."""

    least: int = 0
    most: int = 6

    def match(self, chart: Chart, start: int) -> Ends:
        found: dict[int, Found] = {}
        breaks = chart.reading.breaks
        for end in range(start, min(start + self.most, len(breaks)) + 1):
            if end - 1 > start and breaks[end - 1]:
                break
            if end - start >= self.least:
                found[end] = Found(_GAP * (end - start), (start, end))
        return found

    def value(self, how: Any, scope: Scope) -> Any:
        return scope.chart.reading.words(*how) or None


@dataclass(slots=True)
class AnchorNode(Node):
    """Begin or end of the utterance, fillers aside."""

    at_end: bool = False

    def match(self, chart: Chart, start: int) -> Ends:
        ok = chart.ends[start] if self.at_end else chart.starts[start]
        return {start: Found(0.0, None)} if ok else _NOTHING

    def value(self, how: Any, scope: Scope) -> Any:
        return None


@dataclass(slots=True)
class TagNode(Node):
    """A tag: sets the result of the scope it stands in."""

    expression: Expression | None = None

    def match(self, chart: Chart, start: int) -> Ends:
        return {start: Found(0.0, None)}

    def value(self, how: Any, scope: Scope) -> Any:
        if self.expression is not None:
            scope.result = self.expression(scope.names)
            scope.tagged = True
        return scope.result


@dataclass(slots=True)
class SequenceNode(Node):
    """Items one after another."""

    items: tuple[Node, ...] = ()
    bonus: float = 0.0

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
                return _NOTHING
            frontier = ahead
        return frontier

    def value(self, how: Any, scope: Scope) -> Any:
        steps: list[Any] = []
        while how != ():
            how, step = how
            steps.append(step)
        value: Any = None
        for item, step in zip(self.items, reversed(steps), strict=True):
            value = item.value(step, scope)
        return value


@dataclass(slots=True)
class AlternativesNode(Node):
    """The best of several."""

    choices: tuple[Node, ...] = ()

    def match(self, chart: Chart, start: int) -> Ends:
        found: dict[int, Found] = {}
        for choice in self.choices:
            for end, one in chart.match(choice, start).items():
                if end not in found or found[end].score < one.score:
                    found[end] = Found(one.score, (choice, one.how))
        return found

    def value(self, how: Any, scope: Scope) -> Any:
        choice, inner = how
        return choice.value(inner, scope)


@dataclass(slots=True)
class RepeatNode(Node):
    """An item several times."""

    item: Node | None = None
    least: int = 0
    most: int = 1

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

    def value(self, how: Any, scope: Scope) -> Any:
        steps: list[Any] = []
        while how != ():
            how, step = how
            steps.append(step)
        value: Any = None
        if self.item is not None:
            for step in reversed(steps):
                value = self.item.value(step, scope)
        return value


@dataclass(slots=True)
class RuleNode(Node):
    """A rule by name; evaluated in a scope of its own."""

    name: str = ""
    body: Node | None = None

    def match(self, chart: Chart, start: int) -> Ends:
        return chart.match(self.body, start) if self.body is not None else _NOTHING

    def value(self, how: Any, scope: Scope) -> Any:
        inner = Scope({"now": scope.names.get("now")}, scope.chart)
        if self.body is not None:
            self.body.value(how, inner)
        value = inner.outcome()
        scope.cost += inner.cost
        scope.syllables += inner.syllables
        scope.words += inner.words
        scope.names[self.name] = value
        if value is not None:
            scope.referred = value
        return value


@dataclass(slots=True)
class LabelNode(Node):
    """label=item."""

    label: str = ""
    item: Node | None = None

    def match(self, chart: Chart, start: int) -> Ends:
        return chart.match(self.item, start) if self.item is not None else _NOTHING

    def value(self, how: Any, scope: Scope) -> Any:
        if self.item is None:
            return None
        inner = scope.child()
        direct = self.item.value(how, inner)
        value = direct if isinstance(self.item, GapNode | RuleNode) else inner.outcome()
        scope.cost += inner.cost
        scope.syllables += inner.syllables
        scope.words += inner.words
        scope.names[self.label] = value
        return value


class Chart:
    """One utterance being matched."""

    def __init__(
        self,
        reading: Reading,
        edges: list[list[Edge]],
        fillers: frozenset[int],
        nodes: int,
        text_of: Callable[[int], str],
        now: datetime,
    ) -> None:
        self.reading = reading
        self.edges = edges
        self.now = now
        self.text_of = text_of
        self._memo: list[dict[int, Ends] | None] = [None] * nodes
        length = len(reading)
        self.begins = [0] * (length + 1)
        for at, found in enumerate(edges):
            for edge in found:
                self.begins[at] |= 1 << edge.word
        self.skips, self.starts, self.ends = self._fillers(fillers)
        self.available = [0] * (length + 1)
        for at in range(length + 1):
            for to, _ in self.skips[at]:
                self.available[at] |= self.begins[to]

    def _fillers(self, fillers: frozenset[int]) -> tuple[list[list[tuple[int, float]]], list[bool], list[bool]]:
        """Where one gets from each position by passing over fillers and punctuation."""
        length = len(self.reading)
        hops: list[list[int]] = [
            [edge.end for edge in self.edges[at] if edge.word in fillers and edge.cost == 0] for at in range(length)
        ] + [[]]
        skips: list[list[tuple[int, float]]] = []
        for at in range(length + 1):
            reached = {at: 0.0}
            frontier = [at]
            for _ in range(4):
                frontier = [end for one in frontier for end in hops[one] if end not in reached]
                for end in frontier:
                    reached.setdefault(end, _FILLER * (end - at))
            breaks = self.reading.breaks
            skips.append([(to, score + (_BREAK if to < length and breaks[to] else 0.0)) for to, score in reached.items()])
        starts = [False] * (length + 1)
        starts[0] = True
        for at in range(length):
            if starts[at]:
                for end in hops[at]:
                    starts[end] = True
        ends = [False] * (length + 1)
        ends[length] = True
        for at in range(length - 1, -1, -1):
            ends[at] = any(ends[end] for end in hops[at])
        return skips, starts, ends

    def match(self, node: Node, start: int) -> Ends:
        """All ends of `node` from `start`, remembered."""
        if not node.nullable and node.first >= 0 and not node.first & self.available[start]:
            return _NOTHING
        memo = self._memo[node.index]
        if memo is None:
            memo = self._memo[node.index] = {}
        found = memo.get(start)
        if found is None:
            found = memo[start] = node.match(self, start)
        return found


def weight_score(weight: float) -> float:
    """What an alternative's weight adds to its score (nothing for 1)."""
    return 0.5 * math.log(weight)
