"""The grammars of a language pack, compiled once and matched against utterances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agi_app.dialogue.grammar.chart import BREAK, Chart
from agi_app.dialogue.grammar.compiler import CompiledRoot, Compiler
from agi_app.dialogue.grammar.expression import RejectedError
from agi_app.dialogue.grammar.functions import FUNCTIONS
from agi_app.dialogue.grammar.lexicon import Lexicon
from agi_app.dialogue.grammar.nodes import Found, Node, Scope, WordNode
from agi_app.dialogue.grammar.notation import parse_grammar
from agi_app.dialogue.grammar.phonetics import Phonetics
from agi_app.dialogue.grammar.reading import Reading
from agi_app.dialogue.grammar.source import Place, refuse
from agi_app.errors import PackError

_LEAST_SCORE = 0.65
_FARTHEST = 0.34
"""Mean phonetic distance a syllable beyond which a match does not count."""
_STRICT = frozenset({"intent", "nod", "backchannel", "hold", "nothing", "volunteered"})
"""Kinds that nobody asked for: they must be heard more clearly."""
_LOOSEST = 0.3
"""Cost above which a word of one syllable does not count there: 又 is not 有. In numbers that were asked for the whole decides."""
_EACH = 0.6
"""Taken from every match, so that one long match beats several short ones."""
_BONUS = {"answer": 0.2, "decoy": 0.15, "volunteered": 0.1}


@dataclass(frozen=True, slots=True)
class Match:
    """A root found in an utterance, tokens `start` up to `end`."""

    root: CompiledRoot
    start: int
    end: int
    score: float
    value: Any
    distance: float
    """Mean phonetic distance of its syllables, 0 exact."""
    text: str
    loosest: float = 0.0
    """Cost of the worst match of a word of one syllable."""

    @property
    def kind(self) -> str:
        """The root's kind."""
        return self.root.kind

    @property
    def target(self) -> str:
        """The root's first target: a slot or an intent."""
        return self.root.targets[0] if self.root.targets else ""


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    root: CompiledRoot
    start: int
    end: int
    score: float
    how: Any


class GrammarLibrary:
    """All grammars of one folder."""

    def __init__(self, lexicon: Lexicon, compiler: Compiler, roots: list[CompiledRoot]) -> None:
        self.lexicon = lexicon
        self.roots = roots
        self._compiler = compiler
        fillers = [root for root in roots if root.kind == "filler"]
        self._digits = lexicon.digits
        self._fillers = frozenset(number for root in fillers for number in self._plain_words(root))

    @classmethod
    def load(cls, folder: Path, functions: Mapping[str, Callable[..., Any]] = FUNCTIONS) -> GrammarLibrary:
        """Read and compile `*.gram` and `confusions.yaml` of `folder`. Raises PackError naming file, line and column."""
        files = sorted(folder.glob("*.gram"))
        if not files:
            raise PackError("the language pack has no grammars", where=str(folder), remedy="restore the *.gram files")
        lexicon = Lexicon(Phonetics.load(folder / "confusions.yaml"))
        compiler = Compiler(lexicon, functions)
        parsed = []
        for path in files:
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise PackError(
                    f"the grammar cannot be read: {error}", where=str(path), remedy="save it as UTF-8, or restore it"
                ) from error
            parsed.append((path, parse_grammar(text, str(path))))
        return cls(lexicon, compiler, compiler.compile(parsed))

    @property
    def unused(self) -> list[tuple[str, Place]]:
        """Rules that nothing refers to, for the pack check."""
        return self._compiler.unused

    def select(self, kind: str, target: str | None = None) -> list[CompiledRoot]:
        """Roots of a kind, and of a target where one is given."""
        return [root for root in self.roots if root.kind == kind and (target is None or target in root.targets)]

    def chart(self, reading: Reading, now: datetime) -> Chart:
        """Prepare an utterance for matching."""
        edges = self.lexicon.edges(reading)
        return Chart(reading, edges, self._fillers, self._digits, len(self._compiler.nodes), self.lexicon.texts.__getitem__, now)

    def find(self, chart: Chart, roots: Iterable[CompiledRoot]) -> list[Match]:
        """The best set of matches of `roots` that do not overlap, in their order in the utterance."""
        candidates = self._candidates(chart, roots)
        while True:
            chosen = _best_cover(candidates, len(chart.reading))
            matches: list[Match] = []
            refused: list[_Candidate] = []
            for candidate in chosen:
                match = self._evaluate(chart, candidate)
                if match is None:
                    refused.append(candidate)
                else:
                    matches.append(match)
            if not refused:
                return matches
            candidates = [one for one in candidates if all(one is not other for other in refused)]

    def words_of(self, root: CompiledRoot, limit: int = 60) -> list[str]:
        """Words a root may consist of, those of outer rules first."""
        words: list[str] = []
        seen: set[int] = set()
        queue: list[Node] = [root.node]
        while queue and len(words) < limit:
            node = queue.pop(0)
            if node.index in seen:
                continue
            seen.add(node.index)
            if isinstance(node, WordNode):
                words += [self.lexicon.texts[number] for number in node.values or {}]
            queue += _children(node)
        return words[:limit]

    def _plain_words(self, root: CompiledRoot) -> list[int]:
        if not isinstance(root.node, WordNode):
            raise refuse(f"{root.kind} may only list words", root.place, "write words separated by '|', no rules, tags or groups")
        return list(root.node.values or {})

    def phrases_of(self, root: CompiledRoot) -> list[str]:
        """The words of a root that only lists words. Raises PackError for any other."""
        return [self.lexicon.texts[number] for number in self._plain_words(root)]

    def _candidates(self, chart: Chart, roots: Iterable[CompiledRoot]) -> list[_Candidate]:
        candidates: list[_Candidate] = []
        for root in roots:
            bonus = _BONUS.get(root.kind, 0.0) - _EACH
            for start in range(len(chart.reading)):
                found: Mapping[int, Found] = chart.match(root.node, start)
                begins = -BREAK if start and chart.reading.breaks[start] else 0.0  # nothing was interrupted yet
                for end, one in found.items():
                    if one.score + begins >= _LEAST_SCORE and end > start:
                        candidates.append(_Candidate(root, start, end, one.score + begins + bonus, one.how))
        return candidates

    def _evaluate(self, chart: Chart, candidate: _Candidate) -> Match | None:
        scope = Scope({"now": chart.now}, chart)
        try:
            candidate.root.node.value(candidate.how, scope)
        except RejectedError:
            return None
        distance = scope.cost / max(scope.syllables, 1)
        if candidate.root.kind in _STRICT and (scope.loosest > _LOOSEST or distance > _farthest(scope.syllables)):
            return None
        if distance > _FARTHEST:
            return None
        text = chart.reading.words(candidate.start, candidate.end)
        return Match(
            candidate.root, candidate.start, candidate.end, candidate.score, scope.outcome(), distance, text, scope.loosest
        )


def _farthest(syllables: int) -> float:
    """Mean distance up to which something nobody asked for is believed: the shorter, the closer."""
    return min(0.17, 0.04 * syllables)


def _best_cover(candidates: list[_Candidate], length: int) -> list[_Candidate]:
    """Weighted interval scheduling: the set of candidates without overlap that has the greatest sum of scores."""
    by_end: list[list[_Candidate]] = [[] for _ in range(length + 1)]
    for candidate in candidates:
        by_end[candidate.end].append(candidate)
    best = [0.0] * (length + 1)
    taken: list[_Candidate | None] = [None] * (length + 1)
    for end in range(1, length + 1):
        best[end] = best[end - 1]
        for candidate in by_end[end]:
            total = best[candidate.start] + candidate.score
            if total > best[end] + 1e-9:
                best[end] = total
                taken[end] = candidate
    chosen: list[_Candidate] = []
    at = length
    while at > 0:
        candidate_here = taken[at]
        if candidate_here is None:
            at -= 1
        else:
            chosen.append(candidate_here)
            at = candidate_here.start
    return chosen[::-1]


def _children(node: Node) -> list[Node]:
    for name in ("items", "choices"):
        if hasattr(node, name):
            return list(getattr(node, name))
    for name in ("item", "body"):
        inner = getattr(node, name, None)
        if inner is not None:
            return [inner]
    return []
