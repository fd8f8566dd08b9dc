"""What an utterance means as a whole: evidence from grammars and classifier, weighed by the question that is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from agi_app.dialogue.nlu.classifier import IntentClassifier
from agi_app.dialogue.nlu.parse import Parse
from agi_app.dialogue.nlu.priority import ASKS, by_priority
from agi_app.dialogue.nlu.values import Values
from agi_app.dialogue.questions import OPEN, YES_NO
from agi_app.dialogue.understanding import Intent

_ENOUGH = 0.42
"""Probability from which the classifier is believed."""
_ENOUGH_FOR: Mapping[Intent, float] = {
    # A mistake here ends the call, records a consent or an interest that was not given.
    Intent.STOP_CALLING: 0.75,
    Intent.AGREE: 0.6,
    Intent.DENY: 0.6,
    Intent.WRONG_PERSON: 0.6,
    Intent.COMPLAIN: 0.55,
    Intent.ALREADY_EMPLOYED: 0.55,
    Intent.CALLBACK: 0.55,
    Intent.GREET: 0.7,
    Intent.BYE: 0.7,
    Intent.THANK: 0.6,
    Intent.BACKCHANNEL: 0.6,
    Intent.OTHER: 0.5,
}
_MARGIN = 0.12
"""The best must lead the second by so much."""
_STORY = 12
"""Syllables from which the answer to an open question is a story, in which others are quoted."""
_ANSWER = 4
"""Fewest syllables of an answer to an open question."""
_NOT_IN_A_STORY = frozenset(
    {
        Intent.STOP_CALLING, Intent.WRONG_PERSON, Intent.NOT_INTERESTED, Intent.ALREADY_EMPLOYED, Intent.BUSY, Intent.CALLBACK,
        Intent.COMPLAIN, Intent.AGREE, Intent.DENY, Intent.HESITATE, Intent.BYE, Intent.THANK, Intent.GREET, Intent.ASK_MATERIAL,
    }
)  # fmt: skip
_NOT_WITH_AN_ANSWER = frozenset(
    {Intent.BUSY, Intent.ALREADY_EMPLOYED, Intent.WRONG_PERSON, Intent.AGREE, Intent.DENY, Intent.CALLBACK, Intent.HESITATE}
)
"""Rather part of the answer than meant for themselves: 我还在上班，一个月后 answers when one can start."""
_SMALL = frozenset({Intent.GREET, Intent.BACKCHANNEL, Intent.OTHER})
"""Say nothing beside anything else."""
_NODS = frozenset("嗯恩好的对行是哦噢喔啊额呃哎诶欸昂明白了知道收到懂ok")


@dataclass(slots=True)
class Decision:
    """The intents of an utterance, the one to act on first at the front, and how sure that one is."""

    intents: tuple[Intent, ...]
    confidence: float


@dataclass(slots=True)
class _Evidence:
    scores: dict[Intent, float] = field(default_factory=dict)

    def add(self, intent: Intent, score: float) -> None:
        self.scores[intent] = max(score, self.scores.get(intent, 0.0))

    def drop(self, *intents: Intent) -> None:
        for intent in intents:
            self.scores.pop(intent, None)


class IntentDecider:
    """Decides on intents.

    Args:
        classifier: for what the grammars leave open.
    """

    def __init__(self, classifier: IntentClassifier) -> None:
        self._classifier = classifier

    def decide(self, parse: Parse, kind: str | None, values: Values) -> Decision:
        """All intents of one utterance.

        Args:
            parse: the hypothesis.
            kind: what the open question awaits (QuestionKinds).
            values: the slots found.
        """
        evidence = _Evidence()
        length = len(parse.reading)
        if set(parse.reading.characters) <= _NODS and not parse.intents:
            return Decision((Intent.BACKCHANNEL,), 0.95)
        for match in parse.intents:
            evidence.add(Intent(match.target), 0.97 - match.distance)
        told = self._told(parse, kind, values)
        story = kind == OPEN and length >= _STORY
        self._classify(parse, evidence, story=story)
        if told:
            evidence.add(Intent.PROVIDE, 0.97 if values.sure else 0.6)
            evidence.drop(*(_NOT_WITH_AN_ANSWER if kind in values.slots else ()))
        if "callback_time" in values.slots and kind != "callback_time":
            evidence.add(Intent.CALLBACK, 0.95)
        if kind == OPEN and length >= _ANSWER and not evidence.scores.keys() - _SMALL:
            evidence.add(Intent.PROVIDE, 0.8)
        if evidence.scores.keys() - _SMALL:
            evidence.drop(*(_SMALL - {Intent.GREET}))
        if not evidence.scores:
            return Decision((Intent.OTHER,), 0.3)
        ordered = by_priority(evidence.scores)
        return Decision(ordered, evidence.scores[ordered[0]])

    def _told(self, parse: Parse, kind: str | None, values: Values) -> bool:
        """Something was answered or volunteered, be it without a value (面议)."""
        if any(slot not in ("callback_time", YES_NO) or slot == kind for slot in values.slots):
            return True
        return kind not in (None, YES_NO, OPEN) and any(match.kind == "answer" for match in parse.values)

    def _classify(self, parse: Parse, evidence: _Evidence, *, story: bool) -> None:
        reading = parse.reading
        if story:
            self._classify_story(parse, evidence)
            return
        pieces = [reading.words(start, end) for start, end in parse.pieces()]
        whole = len(pieces) > 1 and not parse.intents and not parse.values
        if whole:
            pieces.append(reading.text)
        for probabilities in self._classifier.probabilities(pieces):
            for intent, probability in self._believed(probabilities):
                evidence.add(intent, probability)

    def _classify_story(self, parse: Parse, evidence: _Evidence) -> None:
        """In a story others are quoted (客户说别再打电话): only the whole counts, and a question at its end."""
        whole, last = parse.reading.text, parse.reading.words(*parse.clauses()[-1])
        of_whole, of_last = self._classifier.probabilities([whole, last])
        strong = {intent for intent, probability in self._believed(of_whole) if probability > 0.6}
        evidence.drop(*(intent for intent in _NOT_IN_A_STORY if intent not in strong))
        begin = parse.clauses()[-1][0]
        asked_last = {Intent(match.target) for match in parse.intents if match.start >= begin}
        evidence.drop(*(intent for intent in ASKS if intent not in asked_last and intent not in strong))
        for intent, probability in self._believed(of_last):
            if intent in ASKS and probability > 0.7:
                evidence.add(intent, probability)
        if not strong or Intent.PROVIDE in strong:
            evidence.add(Intent.PROVIDE, 0.8)
        for intent in strong - {Intent.OTHER}:
            evidence.add(intent, float(of_whole[self._classifier.intents.index(intent)]))

    def _believed(self, probabilities: np.typing.NDArray[np.float32]) -> list[tuple[Intent, float]]:
        """The likeliest intent if it is likely enough and well ahead."""
        order = np.argsort(probabilities)[::-1]
        best = self._classifier.intents[order[0]]
        lead = float(probabilities[order[0]] - probabilities[order[1]])
        probability = float(probabilities[order[0]])
        return [(best, probability)] if probability >= _ENOUGH_FOR.get(best, _ENOUGH) and lead >= _MARGIN else []
