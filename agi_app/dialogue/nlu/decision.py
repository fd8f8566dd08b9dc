"""What an utterance means as a whole: evidence from grammars and classifier, weighed by the question that is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agi_app.dialogue.grammar.library import Match
from agi_app.dialogue.nlu.classifier import IntentClassifier, Opinion
from agi_app.dialogue.nlu.parse import Parse
from agi_app.dialogue.nlu.priority import ASKS, by_priority
from agi_app.dialogue.nlu.values import Values
from agi_app.dialogue.questions import CLOSING, OPEN, YES_NO
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
    Intent.CALLBACK: 0.62,
    Intent.GREET: 0.7,
    Intent.BYE: 0.7,
    Intent.THANK: 0.6,
    Intent.BACKCHANNEL: 0.6,
    Intent.OTHER: 0.5,
}
_MUST_BE_CLOSE = frozenset({Intent.STOP_CALLING, Intent.WRONG_PERSON, Intent.AGREE, Intent.DENY, Intent.NOT_INTERESTED})
_CLOSE = 0.13
"""Mean phonetic distance up to which those are believed."""
_ENOUGH_UNASKED = 0.85
"""For a yes or a no that nobody asked for."""
_ALIKE_ENOUGH = 0.3
_ALIKE: Mapping[Intent, float] = {
    Intent.STOP_CALLING: 0.45, Intent.AGREE: 0.45, Intent.DENY: 0.45, Intent.WRONG_PERSON: 0.4, Intent.PROVIDE: 0.0,
}  # fmt: skip
"""Likeness to the nearest example from which an opinion counts; a classifier alone is sure of things it never saw."""
_ENOUGH_FOR_A_REMAINDER = 0.75
_IN_A_REMAINDER = frozenset({*ASKS, Intent.PROVIDE})
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
_BESIDE_A_NOD = frozenset({*ASKS, Intent.THANK, Intent.PROVIDE, Intent.OTHER, Intent.BACKCHANNEL, Intent.AGREE})
"""A nod counts as a yes unless something else was said: 好，那就这样，拜拜 agrees to nothing."""
_NOT_GUESSED_WITH_AN_ANSWER = frozenset({Intent.ASK_REPEAT, Intent.ASK_SLOWER, Intent.COMPLAIN, Intent.NOT_INTERESTED})
_OPPOSITE: Mapping[str, Intent] = {Intent.AGREE: Intent.DENY, Intent.DENY: Intent.AGREE}
_SAYS_WHY_NOT = frozenset(
    {Intent.WRONG_PERSON, Intent.STOP_CALLING, Intent.NOT_INTERESTED, Intent.ALREADY_EMPLOYED, Intent.BUSY, Intent.CALLBACK}
)
"""More telling than the no they come with."""
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


def _meant(parse: Parse) -> list[Match]:
    """Matches that are intents and close enough in sound for what hangs on them."""
    return [
        match
        for match in parse.intents
        if match.kind == "intent" and (match.distance <= _CLOSE or Intent(match.target) not in _MUST_BE_CLOSE)
    ]


class IntentDecider:
    """Decides on intents.

    Args:
        classifier: for what the grammars leave open.
    """

    def __init__(self, classifier: IntentClassifier) -> None:
        self._classifier = classifier

    def decide(self, parse: Parse, question: str | None, kind: str | None, values: Values) -> Decision:
        """All intents of one utterance.

        Args:
            parse: the hypothesis.
            question: the open question.
            kind: what the open question awaits (QuestionKinds).
            values: the slots found.
        """
        evidence = _Evidence()
        length = len(parse.reading)
        nodded = any(match.kind == "nod" for match in parse.intents)
        if set(parse.reading.characters) <= _NODS and not nodded and not _meant(parse):
            return Decision((Intent.BACKCHANNEL,), 0.95)
        for match in _meant(parse):
            evidence.add(Intent(match.target), 0.97 - match.distance)
            if match.target in _OPPOSITE:  # 没有，我挺感兴趣的: what was said last counts
                evidence.drop(_OPPOSITE[Intent(match.target)])
        told = self._told(parse, kind, values)
        story = kind == OPEN and length >= _STORY
        self._classify(parse, kind, evidence, story=story)
        if told:
            evidence.add(Intent.PROVIDE, 0.97 if values.sure else 0.6)
            if kind in values.slots:
                evidence.drop(*_NOT_WITH_AN_ANSWER)
                evidence.drop(*(intent for intent in _NOT_GUESSED_WITH_AN_ANSWER if evidence.scores.get(intent, 1) < 0.85))
        if "callback_time" in values.slots and kind != "callback_time" and not story:
            evidence.add(Intent.CALLBACK, 0.95)
        elif Intent.CALLBACK in evidence.scores and kind != "callback_time":  # no time was named: not now, then
            evidence.add(Intent.BUSY, evidence.scores[Intent.CALLBACK])
            evidence.drop(Intent.CALLBACK)
        if nodded and not evidence.scores.keys() - _BESIDE_A_NOD:
            evidence.add(Intent.AGREE, 0.95)
        if kind == OPEN and length >= _ANSWER and not evidence.scores.keys() - _SMALL:
            evidence.add(Intent.PROVIDE, 0.8)
        if evidence.scores.keys() - _SMALL:
            evidence.drop(*(_SMALL - {Intent.GREET}))
        if evidence.scores.keys() & _SAYS_WHY_NOT:
            evidence.drop(Intent.DENY)
        if (
            kind == YES_NO
            and not told
            and evidence.scores.keys() & {Intent.AGREE, Intent.DENY, Intent.HESITATE, *_SAYS_WHY_NOT, *ASKS}
        ):
            evidence.drop(Intent.PROVIDE)
        if question == CLOSING and evidence.scores.keys() & ASKS:
            evidence.drop(Intent.AGREE, Intent.DENY)  # whether there are questions is answered by asking one
        if not evidence.scores:
            return Decision((Intent.OTHER,), 0.3)
        ordered = by_priority(evidence.scores)
        return Decision(ordered, evidence.scores[ordered[0]])

    def _told(self, parse: Parse, kind: str | None, values: Values) -> bool:
        """Something was answered or volunteered, be it without a value (面议)."""
        if any(slot not in ("callback_time", YES_NO) or slot == kind for slot in values.slots):
            return True
        return kind not in (None, YES_NO, OPEN) and any(match.kind == "answer" for match in parse.values)

    def _classify(self, parse: Parse, kind: str | None, evidence: _Evidence, *, story: bool) -> None:
        reading = parse.reading
        if story:
            self._classify_story(parse, evidence)
            return
        pieces = parse.pieces()
        if len(pieces) > 1:  # a stray syllable between clauses says nothing by itself
            pieces = [piece for piece in pieces if piece.syllables > 1] or pieces[:1]
        texts = [piece.text for piece in pieces]
        if len(pieces) > 1 and not parse.intents and not parse.values:
            texts.append(reading.text)
        for number, opinion in enumerate(self._classifier.judge(texts)):
            remainder = number < len(pieces) and pieces[number].remainder
            for intent, probability in self._believed(opinion, kind):
                if not remainder or (probability >= _ENOUGH_FOR_A_REMAINDER and intent in _IN_A_REMAINDER):
                    evidence.add(intent, probability)

    def _classify_story(self, parse: Parse, evidence: _Evidence) -> None:
        """In a story others are quoted (客户说别再打电话): only the whole counts, and a question at its end."""
        whole, last = parse.reading.text, parse.reading.words(*parse.clauses()[-1])
        of_whole, of_last = self._classifier.judge([whole, last])
        strong = {intent: probability for intent, probability in self._believed(of_whole, OPEN) if probability > 0.6}
        evidence.drop(*(intent for intent in _NOT_IN_A_STORY if intent not in strong))
        begin = parse.clauses()[-1][0]
        asked_last = {Intent(match.target) for match in _meant(parse) if match.start >= begin}
        evidence.drop(*(intent for intent in ASKS if intent not in asked_last and intent not in strong))
        for intent, probability in self._believed(of_last, OPEN):
            if intent in ASKS and probability > 0.7:
                evidence.add(intent, probability)
        if not strong or Intent.PROVIDE in strong:
            evidence.add(Intent.PROVIDE, 0.8)
        for intent, probability in strong.items():
            if intent is not Intent.OTHER:
                evidence.add(intent, probability)

    def _believed(self, opinion: Opinion, kind: str | None) -> list[tuple[Intent, float]]:
        """The likeliest intent, if it is likely enough, well ahead, and much like one of its examples."""
        enough = _ENOUGH_FOR.get(opinion.intent, _ENOUGH)
        alike = _ALIKE.get(opinion.intent, _ALIKE_ENOUGH)
        if opinion.intent in (Intent.AGREE, Intent.DENY) and kind != YES_NO:
            enough = _ENOUGH_UNASKED
        if opinion.probability < enough or opinion.lead < _MARGIN or opinion.likeness < alike:
            return []
        return [(opinion.intent, opinion.probability)]
