"""One utterance being matched: a memoised top-down chart, the best score for each rule, start and end (Viterbi)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agi_app.dialogue.grammar.lexicon import Edge
from agi_app.dialogue.grammar.nodes import NOTHING, Ends, Node
from agi_app.dialogue.grammar.reading import Reading

_FILLER = -0.1
BREAK = -0.7
"""What it costs to go on over punctuation."""


class Chart:
    """One utterance being matched."""

    def __init__(
        self,
        reading: Reading,
        edges: list[list[Edge]],
        fillers: frozenset[int],
        digits: frozenset[int],
        nodes: int,
        text_of: Callable[[int], str],
        now: datetime,
    ) -> None:
        self.reading = reading
        self.edges = edges
        self.now = now
        self.digits = digits
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
        breaks_before = self.reading.breaks
        self._hops = hops
        skips: list[list[tuple[int, float]]] = []
        for at in range(length + 1):
            reached = {at: 0.0}
            frontier = [at]
            for _ in range(4):
                frontier = [end for one in frontier for end in hops[one] if end not in reached]
                for end in frontier:
                    reached.setdefault(end, _FILLER * (end - at))
            skips.append([(to, score + (BREAK if to < length and breaks_before[to] else 0.0)) for to, score in reached.items()])
        starts = [at == 0 or (at < length and breaks_before[at]) for at in range(length + 1)]
        for at in range(length):
            if starts[at]:
                for end in hops[at]:
                    starts[end] = True
        ends = [at == length or breaks_before[at] for at in range(length + 1)]
        for at in range(length - 1, -1, -1):
            ends[at] = ends[at] or any(ends[end] for end in hops[at])
        return skips, starts, ends

    def idle(self) -> list[bool]:
        """Which tokens are part of a filler."""
        idle = [False] * len(self.reading)
        for at, hops in enumerate(self._hops):
            for end in hops:
                idle[at:end] = [True] * (end - at)
        return idle

    def match(self, node: Node, start: int) -> Ends:
        """All ends of `node` from `start`, remembered."""
        if not node.nullable and node.first >= 0 and not node.first & self.available[start]:
            return NOTHING
        memo = self._memo[node.index]
        if memo is None:
            memo = self._memo[node.index] = {}
        found = memo.get(start)
        if found is None:
            found = memo[start] = node.match(self, start)
        return found
