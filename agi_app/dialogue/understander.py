"""Words in, meaning out: grammars for values and plain phrases, the classifier for everything subtler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from agi_app.dialogue.expected_speech import ExpectedSpeech
from agi_app.dialogue.grammar.chart import Chart
from agi_app.dialogue.grammar.compiler import CompiledRoot
from agi_app.dialogue.grammar.library import GrammarLibrary, Match
from agi_app.dialogue.grammar.reading import Reading, read
from agi_app.dialogue.nlu.priority import ASKS, by_priority
from agi_app.dialogue.questions import OPEN, SLOTS, YES_NO, QuestionKinds
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent, Understanding

_log = structlog.get_logger(__name__)

_HYPOTHESES = 4
_UNSURE_DISTANCE = 0.13
_UNSURE_CONFIDENCE = 0.45
_SHORTEST_STORY = 4
"""Syllables that make an answer to an open question."""
_NODS = frozenset("嗯恩好的对行是哦噢啊额呃哎诶昂明白了知道收到ok")


@dataclass(slots=True)
class _Parse:
    """One hypothesis with what was found in it."""

    weight: float
    reading: Reading
    chart: Chart
    values: list[Match] = field(default_factory=list)
    intents: list[Match] = field(default_factory=list)


class PackUnderstander:
    """Implements `Understander` on a language pack.

    Args:
        grammars: the pack's compiled grammars.
        questions: kinds of the script's questions.
        expected: sentences the recogniser is prompted with.
    """

    def __init__(
        self, grammars: GrammarLibrary, questions: QuestionKinds | None = None, expected: ExpectedSpeech | None = None
    ) -> None:
        self._grammars = grammars
        self._questions = questions or QuestionKinds()
        self._expected = expected or ExpectedSpeech()
        self._corrections = self._phrases("correction")
        self._unfinished = self._phrases("unfinished")
        self._active: dict[str | None, tuple[list[CompiledRoot], list[CompiledRoot]]] = {}

    @classmethod
    def load(cls, pack: Path, kinds: Mapping[str, str] | None = None) -> PackUnderstander:
        """Load the understanding of a language pack.

        Args:
            pack: the pack's folder, e.g. models/zh_CN.
            kinds: `yes_no`, `open` or a slot's name by question id; see QuestionKinds.

        Raises:
            PackError: a file of the pack cannot be used; names file and line.
        """
        return cls(GrammarLibrary.load(pack / "grammars"), QuestionKinds(kinds or {}), ExpectedSpeech.load(pack))

    # ---- what the recogniser should expect --------------------------------------------------------------------------

    def vocabulary(self, question: str | None) -> tuple[str, ...]:
        """Whole sentences that are likely now, those of the open question first."""
        return self._expected.sentences(question, self._questions.kind(question))

    def closed_answers(self, question: str | None) -> tuple[str, ...]:
        """Short complete answers of the open question."""
        kind = self._questions.kind(question)
        for name in (question, kind):
            for root in self._grammars.select("closed"):
                if name in root.targets:
                    return tuple(self._grammars.phrases_of(root))
        return ()

    # ---- understanding ----------------------------------------------------------------------------------------------

    def understand(self, heard: Heard, *, question: str | None, now: datetime) -> Understanding:
        """Understand one utterance; see the protocol."""
        kind = self._questions.kind(question)
        parses = [self._parse(one, question, kind, now) for one in heard.hypotheses[:_HYPOTHESES] if one.text.strip()]
        parses = [one for one in parses if len(one.reading)]
        if not parses:
            return Understanding(question, heard.text, Intent.OTHER, 0.0)
        best = parses[0]
        slots, sure = self._slots(parses, kind)
        intents = self._intents(best, kind, slots)
        ordered = by_priority(intents)
        if question == YES_NO and ordered[0] in (Intent.AGREE, Intent.DENY):
            slots[YES_NO] = ordered[0] is Intent.AGREE
        confidence = min(heard.confidence, 0.95 if ordered[0] is not Intent.OTHER else 0.3)
        unsure = not sure or (heard.confidence < _UNSURE_CONFIDENCE and bool(slots))
        return Understanding(
            question,
            heard.text,
            ordered[0],
            confidence,
            slots,
            needs_confirmation=unsure,
            also=ordered[1:],
            complete=not self._stops_in_the_middle(best, kind),
        )

    def _parse(self, hypothesis: Hypothesis, question: str | None, kind: str | None, now: datetime) -> _Parse:
        reading = read(hypothesis.text)
        chart = self._grammars.chart(reading, now)
        value_roots, intent_roots = self._roots(question, kind)
        return _Parse(
            hypothesis.weight, reading, chart, self._grammars.find(chart, value_roots), self._grammars.find(chart, intent_roots)
        )

    def _roots(self, question: str | None, kind: str | None) -> tuple[list[CompiledRoot], list[CompiledRoot]]:
        if question not in self._active:
            names = {name for name in (question, kind) if name}
            values = [
                root
                for root in self._grammars.roots
                if root.kind in ("decoy", "volunteered") or (root.kind == "answer" and names.intersection(root.targets))
            ]
            intents = [
                root for root in self._grammars.roots if root.kind == "intent" and (not root.questions or names & root.questions)
            ]
            self._active[question] = values, intents
        return self._active[question]

    def _slots(self, parses: Sequence[_Parse], kind: str | None) -> tuple[dict[str, Any], bool]:
        """Values of the best hypothesis that has the asked one, and whether one may rely on them."""
        readings = [self._values(parse) for parse in parses]
        chosen = next((values for values in readings if kind in values), readings[0])
        sure = all(distance <= _UNSURE_DISTANCE for _, distance in chosen.values())
        if kind in chosen:
            value = chosen[kind][0]
            for parse, values in zip(parses, readings, strict=True):
                other = values.get(kind)
                if parse.weight >= 0.5 and (other is None or other[0] != value):
                    sure = False
        return {slot: value for slot, (value, _) in chosen.items()}, sure

    def _values(self, parse: _Parse) -> dict[str, tuple[Any, float]]:
        """The value of each slot: what was said last counts."""
        values: dict[str, tuple[Any, float]] = {}
        for match in parse.values:
            if match.kind == "decoy" or match.value is None:
                continue
            found = match.value if match.target == "*" else {match.target: match.value}
            for slot, value in found.items():
                if slot in SLOTS:
                    values[slot] = (value, match.distance)
        return values

    def _intents(self, parse: _Parse, kind: str | None, slots: Mapping[str, Any]) -> set[Intent]:
        intents = {Intent(match.target) for match in parse.intents}
        if any(slot in slots for slot in SLOTS if slot != "callback_time") or kind in slots:
            intents.add(Intent.PROVIDE)
        if "callback_time" in slots and kind != "callback_time":
            intents.add(Intent.CALLBACK)
        answered = any(match.kind == "answer" for match in parse.values)
        if answered and kind not in (None, YES_NO, OPEN):
            intents.add(Intent.PROVIDE)
        if kind == OPEN and not intents and len(parse.reading) >= _SHORTEST_STORY:
            intents.add(Intent.PROVIDE)
        if intents & ASKS:
            intents.discard(Intent.GREET)
        if not intents:
            nod = set(parse.reading.characters) <= _NODS
            intents.add(Intent.BACKCHANNEL if nod else Intent.OTHER)
        return intents

    def _stops_in_the_middle(self, parse: _Parse, kind: str | None) -> bool:
        """The words end in one after which somebody goes on, and are more than a nod."""
        characters = "".join(parse.reading.characters)
        nod_is_enough = kind == YES_NO or kind is None
        for phrase in self._unfinished:
            if characters.endswith(phrase) and not (nod_is_enough and set(characters) <= _NODS):
                return not any(match.end == len(parse.reading) for match in (*parse.values, *parse.intents))
        return False

    def _phrases(self, kind: str) -> tuple[str, ...]:
        return tuple(phrase for root in self._grammars.select(kind) for phrase in self._grammars.phrases_of(root))
