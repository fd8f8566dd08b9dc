"""How an utterance ends: in the middle, for good, or so that it may well go on. Words only; the pack lists them."""

from __future__ import annotations

from collections.abc import Collection

from agi_app.dialogue.grammar.library import GrammarLibrary
from agi_app.dialogue.nlu.parse import Parse
from agi_app.dialogue.questions import OPEN, YES_NO
from agi_app.dialogue.understanding import Intent

_OWN_CONCERN = frozenset(
    {intent for intent in Intent if intent.value.startswith("ask_")}
    | {Intent.STOP_CALLING, Intent.NOT_INTERESTED, Intent.WRONG_PERSON, Intent.BYE, Intent.COMPLAIN}
)
"""Who says this is not on the way to an answer."""
_LAST_CLAUSES = 18
"""Syllables at the end of a story in which its result is looked for."""
_SHORTEST_STORY = 12
_LONG_STORY = 26
"""Syllables after which somebody has told what there is to tell."""


class Endings:
    """The pack's words about endings."""

    def __init__(self, grammars: GrammarLibrary) -> None:
        def phrases(kind: str, target: str | None = None) -> tuple[str, ...]:
            return tuple(phrase for root in grammars.select(kind, target) for phrase in grammars.phrases_of(root))

        self._unfinished = phrases("unfinished")
        self._half_values = phrases("unfinished", "value")
        self._growing_values = phrases("ending", "value")
        self._goodbyes = phrases("ending", "story")
        self._results = phrases("ending", "result")

    def stops_in_the_middle(self, parse: Parse, kind: str | None) -> bool:
        """The words end in one after which somebody goes on, and are more than a nod."""
        characters = "".join(parse.reading.characters)
        explained = any(match.end == len(parse.reading) for match in (*parse.values, *parse.intents))
        if kind is None and len(characters) <= 1:
            return False
        return characters.endswith(self._half_values if explained else self._unfinished)

    def may_go_on(self, parse: Parse, kind: str | None, slots: Collection[str], intents: Collection[Intent]) -> bool:
        """The words are whole, and people often add to them: half of an amount, a story that has come to its result, something
        said on the way to the value that was asked for."""
        characters = "".join(parse.reading.characters)
        if kind not in (None, YES_NO, OPEN):
            return characters.endswith(self._growing_values) if kind in slots else not set(intents) & _OWN_CONCERN
        if kind != OPEN:
            return False
        if characters.endswith(self._goodbyes):
            return True
        if len(characters) < _SHORTEST_STORY:
            return False
        return len(characters) >= _LONG_STORY or any(word in characters[-_LAST_CLAUSES:] for word in self._results)
