"""Finds the catalogue's phrases in what was heard, by their sound.

Approximate substring search (Sellers, "The theory and computation of evolutionary distances", 1980) over syllables: exchanging a
syllable costs its phonetic distance, leaving one out or putting one in costs `_EDIT`. A phrase may begin and end anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agi_app.telephony.progress.catalogue import Catalogue, Kind, Meaning, Phrase

_EDIT = 0.7
_BUDGETS = (0.0, 0.0, 0.2, 0.5, 0.85)
_BUDGET_A_SYLLABLE = 0.22
"""A phrase of n syllables may cost so much in all; short ones must be nearly right."""
_LOOSE = 1.7
"""So much more may be wrong where the words around leave no doubt that the network speaks."""
_LOOSE_FROM = 5
"""Syllables of a phrase that may be matched so loosely."""
_SLACK_WAIT = 1.25
"""And where being wrong does no harm: holding on is the safe side."""
_MARGIN = 0.03
"""A loosely matched phrase counts only when every other disposition fits so much worse, by cost a syllable."""

Distance = Callable[[str, str], float]
Costs = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Finding:
    """A phrase that was heard."""

    kind: Kind
    phrase: Phrase
    cost: float
    """Per syllable; 0 exact."""
    end: int
    """Behind its last syllable, in the syllables searched."""
    loose: bool = False
    """It fits only roughly, and better than anything else: counts when the sentence is over."""


class Matcher:
    """Looks for all phrases at once. Thread-safe.

    Args:
        catalogue: what is looked for.
        distance: of two syllables, 0 the same to 1 nothing in common.
    """

    def __init__(self, catalogue: Catalogue, distance: Distance) -> None:
        self.catalogue = catalogue
        self.distance = distance
        phrases = [*catalogue.context, *catalogue.taken_note, *(phrase for kind in catalogue.kinds for phrase in kind.phrases)]
        self._inventory = {name: row for row, name in enumerate(dict.fromkeys(s for phrase in phrases for s in phrase.syllables))}

    def find(self, heard: Sequence[str], *, answered: bool) -> tuple[Finding, ...]:
        """What was said, best first; empty when nothing of the catalogue was.

        Args:
            heard: toneless syllables of one reading.
            answered: somebody or something has picked up: an announcement then needs words only the network says.
        """
        if not heard:
            return ()
        costs = self._costs(heard)
        in_context = any(self._locate(phrase, costs) for phrase in self.catalogue.context)
        found = []
        for kind in self.catalogue.kinds:
            needs_context = answered and kind.meaning is Meaning.ANNOUNCEMENT
            slack = _SLACK_WAIT if kind.meaning is Meaning.WAIT else 1.0
            if in_context or not needs_context:
                found += self._best(kind, costs, slack=slack, weak=in_context)
        if not found:
            in_context = in_context or any(self._locate(phrase, costs, _LOOSE) for phrase in self.catalogue.context)
            found = self._guess(costs) if in_context and not answered else []
        # Of two that fit, the better; 正忙 inside 线路正忙 fits as well, so the longer of equals.
        return tuple(sorted(found, key=lambda each: (round(each.cost, 2), -len(each.phrase.syllables))))

    def _best(self, kind: Kind, costs: Costs, *, slack: float, weak: bool) -> list[Finding]:
        """The phrase of a kind that fits best, if any does."""
        candidates = [
            Finding(kind, phrase, cost, end, loose=slack > 1)
            for phrase in kind.phrases
            if (weak or not phrase.weak)
            and (slack < _LOOSE or len(phrase.syllables) >= _LOOSE_FROM)
            and (located := self._locate(phrase, costs, slack)) is not None
            for cost, end in [located]
        ]
        return [min(candidates, key=lambda each: (each.cost, -len(each.phrase.syllables)))] if candidates else []

    def _guess(self, costs: Costs) -> list[Finding]:
        """The network speaks, but nothing fits well: the one thing that fits clearly better than all others."""
        loose = [found for kind in self.catalogue.kinds for found in self._best(kind, costs, slack=_LOOSE, weak=True)]
        ranked = sorted(loose, key=lambda each: each.cost)
        if len(ranked) > 1 and ranked[1].cost - ranked[0].cost < _MARGIN:
            return []
        return ranked[:1]

    def network_speaks(self, heard: Sequence[str]) -> bool:
        """Whether words only the network says were heard, if only roughly."""
        costs = self._costs(heard) if heard else None
        return costs is not None and any(self._locate(phrase, costs, _LOOSE) for phrase in self.catalogue.context)

    def takes_note(self, heard: Sequence[str]) -> bool:
        """Whether an assistant says that it has taken the message."""
        costs = self._costs(heard) if heard else None
        return costs is not None and self._any(self.catalogue.taken_note, costs)

    def _any(self, phrases: Iterable[Phrase], costs: Costs) -> bool:
        return any(self._locate(phrase, costs) for phrase in phrases)

    def _costs(self, heard: Sequence[str]) -> Costs:
        """Distance of every syllable of the catalogue (rows) to every one heard (columns)."""
        distinct = {syllable: column for column, syllable in enumerate(dict.fromkeys(heard))}
        table = np.array([[self.distance(one, meant) for one in distinct] for meant in self._inventory], np.float32)
        return table[:, [distinct[syllable] for syllable in heard]]

    def _locate(self, phrase: Phrase, costs: Costs, slack: float = 1.0) -> tuple[float, int] | None:
        """Cost a syllable and end of the best place; None when no place is good enough."""
        count = len(phrase.syllables)
        best = np.zeros(costs.shape[1] + 1, np.float32)
        for number, syllable in enumerate(phrase.syllables, start=1):
            row = np.empty_like(best)
            row[0] = number * _EDIT
            row[1:] = np.minimum(best[:-1] + costs[self._inventory[syllable]], best[1:] + _EDIT)
            row[1:] = np.minimum(row[1:], row[:-1] + _EDIT)  # one syllable too many
            best = row
        end = int(best.argmin())
        cost = float(best[end])
        budget = _BUDGETS[count] if count < len(_BUDGETS) else _BUDGET_A_SYLLABLE * count
        return (cost / count, end) if cost <= budget * slack else None
