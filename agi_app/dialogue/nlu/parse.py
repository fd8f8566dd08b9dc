"""One hypothesis with everything the grammars find in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from agi_app.dialogue.grammar.compiler import CompiledRoot
from agi_app.dialogue.grammar.library import GrammarLibrary, Match
from agi_app.dialogue.grammar.reading import Reading, read
from agi_app.dialogue.grammar.source import refuse
from agi_app.dialogue.questions import SLOTS
from agi_app.dialogue.understanding import Hypothesis, Intent


class Piece(NamedTuple):
    """A part of an utterance that the grammars do not explain."""

    text: str
    syllables: int
    remainder: bool
    """The grammars explain the rest of its clause."""


@dataclass(frozen=True, slots=True)
class Parse:
    """What the grammars say of one hypothesis."""

    weight: float
    reading: Reading
    values: tuple[Match, ...]
    """Answers, volunteered values and decoys, in their order in the utterance."""
    intents: tuple[Match, ...]
    """Intents, nods, and phrases that mean nothing."""
    idle: tuple[bool, ...]
    """Tokens that are fillers."""
    backchannel: bool = False
    """Nothing but 嗯, 好的 and their like."""
    holds: tuple[Match, ...] = ()
    """Words that ask us to wait: 等一下."""

    def pieces(self) -> list[Piece]:
        """What the grammars leave unexplained: clauses as a whole, and longer remainders of the others."""
        covered = [False] * len(self.reading)
        for match in (*self.values, *self.intents):
            for at in range(match.start, match.end):
                covered[at] = True
        pieces: list[Piece] = []
        for start, end in self.clauses():
            remainder = any(covered[start:end])
            least = _LEAST_REMAINDER if remainder else 1
            at = start
            while at < end:
                stop = at
                while stop < end and not covered[stop]:
                    stop += 1
                content = stop - at - sum(self.idle[at:stop])
                if content >= least:
                    pieces.append(Piece(self.reading.words(at, stop), content, remainder))
                at = max(stop, at + 1)
        return pieces

    def clauses(self) -> list[tuple[int, int]]:
        """The utterance cut at its punctuation, as (start, end)."""
        cuts = [at for at, cut in enumerate(self.reading.breaks) if cut and at > 0]
        return list(zip([0, *cuts], [*cuts, len(self.reading)], strict=True))


_LONGEST_BACKCHANNEL = 8
"""Syllables: whoever says more wants to be heard."""
_ANY_TIME = datetime(2026, 1, 1, 12, tzinfo=UTC)
_CLEAR = 0.05
_LEAST_REMAINDER = 4
"""Syllables a remainder of an explained clause must have to say something of its own."""


class Parser:
    """Runs the grammars that matter for a question."""

    def __init__(self, grammars: GrammarLibrary) -> None:
        """Raises PackError when a root fills a slot or means an intent that does not exist."""
        _check_targets(grammars)
        self._grammars = grammars
        self._backchannels = grammars.select("backchannel")
        self._holds = grammars.select("hold")
        self._active: dict[tuple[str | None, str | None], tuple[list[CompiledRoot], list[CompiledRoot]]] = {}

    def parse(self, hypothesis: Hypothesis, question: str | None, kind: str | None, now: datetime) -> Parse:
        """Match one hypothesis against the grammars of the question and the global ones."""
        reading = read(hypothesis.text)
        chart = self._grammars.chart(reading, now)
        values, intents = self._roots(question, kind)
        meant = tuple(self._grammars.find(chart, intents))
        told = tuple(
            match for match in self._grammars.find(chart, values) if kind in match.root.targets or not _better_meant(match, meant)
        )
        nods = self._grammars.find(chart, self._backchannels)
        return Parse(
            hypothesis.weight,
            reading,
            told,
            meant,
            tuple(chart.idle()),
            backchannel=any(match.start == 0 and match.end == len(reading) for match in nods),
            holds=tuple(self._grammars.find(chart, self._holds)),
        )

    def is_backchannel(self, text: str) -> bool:
        """Whether a text is nothing but 嗯, 好的 and their like, by its sound."""
        reading = read(text)
        if not 0 < len(reading) <= _LONGEST_BACKCHANNEL:
            return False
        nods = self._grammars.find(self._grammars.chart(reading, _ANY_TIME), self._backchannels)
        return any(match.start == 0 and match.end == len(reading) for match in nods)

    def time_named(self, parse: Parse, now: datetime) -> Any:  # noqa: ANN401 - a slot's value
        """The time in an utterance that is known to ask for a call at another time, None without one."""
        chart = self._grammars.chart(parse.reading, now)
        found = self._grammars.find(chart, self._grammars.select("answer", "callback_time"))
        return found[-1].value if found else None

    def _roots(self, question: str | None, kind: str | None) -> tuple[list[CompiledRoot], list[CompiledRoot]]:
        key = (question, kind)
        if key not in self._active:
            names = {name for name in key if name}
            values: list[CompiledRoot] = []
            intents: list[CompiledRoot] = []
            for root in self._grammars.roots:
                open_to_all = not root.questions or bool(names & root.questions)
                if (root.kind in ("decoy", "volunteered") and open_to_all) or (
                    root.kind == "answer" and names & {*root.targets, *root.questions}
                ):
                    values.append(root)
                elif root.kind in ("intent", "nod", "nothing") and open_to_all:
                    intents.append(root)
            self._active[key] = values, intents
        return self._active[key]


def _better_meant(value: Match, intents: tuple[Match, ...]) -> bool:
    """A value nobody asked for, whose words are heard more clearly as something else (晚点打 is not 晚上打)."""
    if value.distance <= _CLEAR:
        return False
    return any(one.start < value.end and value.start < one.end and one.distance < value.distance for one in intents)


def _check_targets(grammars: GrammarLibrary) -> None:
    slots = {*SLOTS, "*"}
    known = {"intent": {str(intent) for intent in Intent}, "answer": slots, "volunteered": slots, "decoy": slots}
    for root in grammars.roots:
        if root.kind not in known:
            continue
        if not root.targets or (len(root.targets) > 1 and root.kind == "intent"):
            raise refuse(f"{root.kind} needs exactly one name after it", root.place, f"write `{root.kind} NAME = …;`")
        for target in root.targets:
            if target not in known[root.kind]:
                what = "intent" if root.kind == "intent" else "slot"
                raise refuse(f"there is no {what} {target!r}", root.place, f"use one of {', '.join(sorted(known[root.kind]))}")
