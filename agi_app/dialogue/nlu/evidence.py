"""What speaks for each intent: the grammars' matches and the classifier's opinions of what they leave open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agi_app.dialogue.grammar.library import Match
from agi_app.dialogue.nlu.classifier import IntentClassifier, Opinion
from agi_app.dialogue.nlu.parse import Parse
from agi_app.dialogue.nlu.priority import ASKS
from agi_app.dialogue.nlu.priors import priors
from agi_app.dialogue.questions import OPEN, YES_NO
from agi_app.dialogue.understanding import Intent

# ---- how much a guess must weigh --------------------------------------------------------------------------------------

_ENOUGH = 0.42
"""Probability from which the classifier is believed."""
_ENOUGH_FOR: Mapping[Intent, float] = {
    # A mistake here ends the call, or records a consent or an interest that was not given.
    Intent.STOP_CALLING: 0.75,
    Intent.AGREE: 0.65,
    Intent.DENY: 0.75,
    Intent.WRONG_PERSON: 0.6,
    Intent.CALLBACK: 0.62,
    Intent.COMPLAIN: 0.65,
    Intent.ALREADY_EMPLOYED: 0.55,
    Intent.GREET: 0.7,
    Intent.BYE: 0.7,
    Intent.THANK: 0.6,
    Intent.BACKCHANNEL: 0.6,
    Intent.OTHER: 0.5,
}
_ENOUGH_UNASKED = 0.9
"""For a yes or a no that nobody asked for."""
_ENOUGH_BESIDE_A_GRAMMAR = 0.6
"""For a clause next to one that a grammar understood."""
_ENOUGH_FOR_A_REMAINDER = 0.75
_MARGIN = 0.12
"""The best must lead the second by so much."""
_ALIKE_ENOUGH = 0.3
_ALIKE: Mapping[Intent, float] = {
    Intent.STOP_CALLING: 0.45,
    Intent.AGREE: 0.45,
    Intent.DENY: 0.5,
    Intent.WRONG_PERSON: 0.4,
    Intent.PROVIDE: 0.0,
}
"""Likeness to the nearest example from which an opinion counts; a classifier alone is sure of things it never saw."""
_IN_A_REMAINDER = frozenset({*ASKS, Intent.PROVIDE}) - {Intent.ASK_REPEAT, Intent.ASK_WHO}
"""What the rest of an explained clause may add."""

_MUST_BE_CLOSE = frozenset({Intent.STOP_CALLING, Intent.WRONG_PERSON, Intent.AGREE, Intent.DENY, Intent.NOT_INTERESTED})
_CLOSE = 0.13
"""Mean phonetic distance up to which those are believed when a grammar finds them."""

# ---- stories ----------------------------------------------------------------------------------------------------------

_STRONG = 0.6
_NOT_IN_A_STORY = frozenset(Intent) - ASKS - {Intent.PROVIDE, Intent.OTHER, Intent.BACKCHANNEL} | {Intent.ASK_MATERIAL}
"""What is rather quoted in a story (客户说别再打电话) than meant."""

_OPPOSITE: Mapping[Intent, Intent] = {Intent.AGREE: Intent.DENY, Intent.DENY: Intent.AGREE}
_NOT_BESIDE: Mapping[Intent, frozenset[Intent]] = {
    Intent.AGREE: frozenset({Intent.DENY, Intent.NOT_INTERESTED, Intent.STOP_CALLING}),
    Intent.DENY: frozenset({Intent.AGREE}),
    Intent.NOT_INTERESTED: frozenset({Intent.AGREE}),
    Intent.STOP_CALLING: frozenset({Intent.AGREE}),
}
"""What is not guessed of one clause when a grammar understood these in another."""


@dataclass(slots=True)
class Evidence:
    """Scores from 0 to 1 by intent."""

    scores: dict[Intent, float] = field(default_factory=dict)
    nodded: bool = False
    """A word was said that is a yes only to a yes-no question: 嗯, 好的."""

    def add(self, intent: Intent, score: float) -> None:
        """Something speaks for an intent; what speaks loudest counts."""
        self.scores[intent] = max(score, self.scores.get(intent, 0.0))

    def drop(self, *intents: Intent) -> None:
        """These do not count after all."""
        for intent in intents:
            self.scores.pop(intent, None)

    def has(self, *intents: Intent) -> bool:
        """Whether anything speaks for one of them."""
        return any(intent in self.scores for intent in intents)


def meant(parse: Parse) -> list[Match]:
    """The intents a grammar found, close enough in sound for what hangs on them, and not merely part of a value's words."""
    return [
        match
        for match in parse.intents
        if match.kind == "intent"
        and (match.distance <= _CLOSE or Intent(match.target) not in _MUST_BE_CLOSE)
        and not any(value.start <= match.start and match.end <= value.end and value.score > match.score for value in parse.values)
    ]


def gather(parse: Parse, question: str | None, kind: str | None, classifier: IntentClassifier, *, story: bool) -> Evidence:
    """All evidence in one hypothesis.

    Args:
        parse: the hypothesis.
        question: the open question.
        kind: what the open question awaits (QuestionKinds).
        classifier: judges what the grammars do not explain.
        story: it is a long answer to an open question.
    """
    evidence = Evidence(nodded=any(match.kind == "nod" for match in parse.intents))
    for match in meant(parse):
        intent = Intent(match.target)
        evidence.add(intent, 0.97 - match.distance)
        if intent in _OPPOSITE:  # 没有，我挺感兴趣的: what was said last counts
            evidence.drop(_OPPOSITE[intent])
    factors = priors(question, kind)
    if story:
        _judge_story(parse, classifier, factors, evidence)
    else:
        _judge_pieces(parse, kind, classifier, factors, evidence)
    return evidence


def _judge_pieces(
    parse: Parse, kind: str | None, classifier: IntentClassifier, factors: Mapping[Intent, float], evidence: Evidence
) -> None:
    pieces = parse.pieces()
    if len(pieces) > 1:  # a stray syllable between clauses says nothing by itself
        pieces = [piece for piece in pieces if piece.syllables > 1] or pieces[:1]
    texts = [piece.text for piece in pieces]
    if len(pieces) > 1 and not parse.intents and not parse.values:
        texts.append(parse.reading.text)
    known = set(evidence.scores)
    for number, opinion in enumerate(classifier.judge(texts, factors)):
        remainder = number < len(pieces) and pieces[number].remainder
        if remainder and (opinion.probability < _ENOUGH_FOR_A_REMAINDER or opinion.intent not in _IN_A_REMAINDER):
            continue
        if known and opinion.probability < _ENOUGH_BESIDE_A_GRAMMAR:
            continue
        if any(opinion.intent in _NOT_BESIDE.get(intent, ()) for intent in known):
            continue
        if _believed(opinion, kind):
            evidence.add(opinion.intent, opinion.probability)


def _judge_story(parse: Parse, classifier: IntentClassifier, factors: Mapping[Intent, float], evidence: Evidence) -> None:
    """Only the whole counts, and a question at its end."""
    begin, end = parse.clauses()[-1]
    whole, last = classifier.judge([parse.reading.text, parse.reading.words(begin, end)], factors)
    asks = whole.intent in ASKS and last.intent is not whole.intent  # a word of it stands in the story
    strong = whole.intent if _believed(whole, OPEN) and whole.probability > _STRONG and not asks else None
    asked_last = {Intent(match.target) for match in meant(parse) if match.start >= begin}
    quoted = _NOT_IN_A_STORY | (ASKS - asked_last)
    evidence.drop(*(intent for intent in quoted if intent is not strong))
    if last.intent in ASKS and last.probability > _STRONG and _believed(last, OPEN):
        evidence.add(last.intent, last.probability)
    if strong in (None, Intent.PROVIDE, Intent.OTHER):
        evidence.add(Intent.PROVIDE, 0.8)
    elif strong is not None:
        evidence.add(strong, whole.probability)


def _believed(opinion: Opinion, kind: str | None) -> bool:
    """An opinion counts if it is likely enough, well ahead of the next, and much like one of its examples."""
    enough = _ENOUGH_FOR.get(opinion.intent, _ENOUGH)
    if opinion.intent in _OPPOSITE and kind != YES_NO:
        enough = _ENOUGH_UNASKED
    alike = _ALIKE.get(opinion.intent, _ALIKE_ENOUGH)
    return opinion.probability >= enough and opinion.lead >= _MARGIN and opinion.likeness >= alike
