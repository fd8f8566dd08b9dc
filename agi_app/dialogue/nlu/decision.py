"""What an utterance means as a whole: the evidence weighed by the question that is open."""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.dialogue.nlu.classifier import IntentClassifier
from agi_app.dialogue.nlu.evidence import Evidence, gather, meant
from agi_app.dialogue.nlu.parse import Parse
from agi_app.dialogue.nlu.priority import ASKS, by_priority
from agi_app.dialogue.nlu.values import Values
from agi_app.dialogue.questions import CLOSING, OPEN, YES_NO
from agi_app.dialogue.understanding import Intent

_STORY = 12
"""Syllables from which the answer to an open question is a story, in which others are quoted."""
_ANSWER = 4
"""Fewest syllables of an answer to an open question."""
_CERTAIN = 0.85

_NOT_WITH_AN_ANSWER = frozenset(
    {
        Intent.BUSY,
        Intent.ALREADY_EMPLOYED,
        Intent.WRONG_PERSON,
        Intent.AGREE,
        Intent.DENY,
        Intent.CALLBACK,
        Intent.HESITATE,
    }
)
"""Rather part of the answer than meant for themselves: 我还在上班，一个月后 answers when one can start."""
_NOT_GUESSED_WITH_AN_ANSWER = (Intent.ASK_REPEAT, Intent.ASK_SLOWER, Intent.COMPLAIN, Intent.NOT_INTERESTED)
_BESIDE_A_NOD = frozenset({*ASKS, Intent.THANK, Intent.PROVIDE, Intent.OTHER, Intent.BACKCHANNEL, Intent.AGREE})
"""A nod counts as a yes unless something else was said: 好，那就这样，拜拜 agrees to nothing."""
_WHY_NOT = (
    Intent.WRONG_PERSON,
    Intent.STOP_CALLING,
    Intent.NOT_INTERESTED,
    Intent.ALREADY_EMPLOYED,
    Intent.BUSY,
    Intent.CALLBACK,
)
"""More telling than the no they come with."""
_SMALL = frozenset({Intent.GREET, Intent.BACKCHANNEL, Intent.OTHER})
"""Say nothing beside anything else."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The intents of an utterance, the one to act on first at the front, and how sure that one is."""

    intents: tuple[Intent, ...]
    confidence: float
    seeks_time: bool = False
    """It sounds like a call at another time, but no grammar found which."""


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
        length = len(parse.reading)
        story = kind == OPEN and length >= _STORY
        if _only_nods(parse):
            return Decision((Intent.BACKCHANNEL,), 0.95)
        evidence = gather(parse, question, kind, self._classifier, story=story)
        told = _told(parse, kind, values)
        if told:
            _weigh_answer(evidence, kind, sure=values.sure, answered=kind in values.slots or _answered(parse, kind))
        seeks_time = _weigh_call_back(evidence, kind, named="callback_time" in values.slots and not story)
        if kind == OPEN and length >= _ANSWER and not evidence.scores.keys() - _SMALL:
            evidence.add(Intent.PROVIDE, 0.8)
        if kind == YES_NO:
            _weigh_yes_no(evidence, question, told=told)
        if evidence.has(*_WHY_NOT):
            evidence.drop(Intent.DENY)
        if evidence.scores.keys() - _SMALL:
            evidence.drop(Intent.BACKCHANNEL, Intent.OTHER)
        if not evidence.scores:
            return Decision((Intent.OTHER,), 0.3)
        ordered = by_priority(evidence.scores)
        return Decision(ordered, evidence.scores[ordered[0]], seeks_time)


def _only_nods(parse: Parse) -> bool:
    """Nothing but 嗯, 好的 and their like, where no yes is due."""
    understood = meant(parse) or any(match.kind == "nod" for match in parse.intents)
    return parse.backchannel and not understood


def _told(parse: Parse, kind: str | None, values: Values) -> bool:
    """Something was answered or volunteered, be it without a value (面议)."""
    if any(slot not in ("callback_time", YES_NO) or slot == kind for slot in values.slots):
        return True
    return _answered(parse, kind)


def _answered(parse: Parse, kind: str | None) -> bool:
    """The question for a slot was answered."""
    return kind not in (None, YES_NO, OPEN) and any(match.kind == "answer" for match in parse.values)


def _weigh_answer(evidence: Evidence, kind: str | None, *, sure: bool, answered: bool) -> None:
    evidence.add(Intent.PROVIDE, 0.97 if sure else 0.6)
    if answered:
        evidence.drop(*_NOT_WITH_AN_ANSWER)
    if answered or kind is None:
        evidence.drop(*(intent for intent in _NOT_GUESSED_WITH_AN_ANSWER if evidence.scores.get(intent, 1.0) < _CERTAIN))


def _weigh_call_back(evidence: Evidence, kind: str | None, *, named: bool) -> bool:
    """To ask for a call at another time is to name one; without it, it is only not now. True when one may be named after all."""
    if kind == "callback_time":
        return False
    if named:
        evidence.add(Intent.CALLBACK, 0.95)
        return False
    if not evidence.has(Intent.CALLBACK):
        return False
    evidence.add(Intent.BUSY, evidence.scores[Intent.CALLBACK])
    evidence.drop(Intent.CALLBACK)
    return True


def _weigh_yes_no(evidence: Evidence, question: str | None, *, told: bool) -> None:
    thanked = question == CLOSING and evidence.has(Intent.THANK)
    if evidence.nodded and not thanked and not evidence.scores.keys() - _BESIDE_A_NOD:
        evidence.add(Intent.AGREE, 0.95)
    if not told and evidence.has(Intent.AGREE, Intent.DENY, Intent.HESITATE, *_WHY_NOT, *ASKS):
        evidence.drop(Intent.PROVIDE)
    if question == CLOSING and evidence.has(*ASKS):
        evidence.drop(Intent.AGREE, Intent.DENY)  # whether there are questions is answered by asking one
