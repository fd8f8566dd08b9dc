"""How much likelier each intent is because of the question that is open.

The classifier judges words alone; these factors weigh its probabilities before they are made to sum to 1 again. They are
judgement, not counts: calls of a deployment may correct them one day. What is not named has the factor 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.dialogue.nlu.priority import ASKS
from agi_app.dialogue.questions import CLOSING, OPEN, YES_NO
from agi_app.dialogue.understanding import Intent

_STORY: Mapping[Intent, float] = {
    Intent.PROVIDE: 4.0,
    Intent.NOT_INTERESTED: 0.3,
    Intent.AGREE: 0.3,
    Intent.STOP_CALLING: 0.3,
    Intent.WRONG_PERSON: 0.3,
    Intent.ALREADY_EMPLOYED: 0.3,
    **dict.fromkeys(ASKS - {Intent.ASK_REPEAT, Intent.ASK_HUMAN, Intent.ASK_SLOWER}, 0.6),
}
_VALUE: Mapping[Intent, float] = {
    Intent.PROVIDE: 3.0,
    Intent.NOT_INTERESTED: 0.5,
    Intent.WRONG_PERSON: 0.3,
    Intent.AGREE: 0.5,
    Intent.DENY: 0.8,
    Intent.BYE: 0.7,
}
_PRIORS: Mapping[str, Mapping[Intent, float]] = {
    OPEN: _STORY,
    YES_NO: {Intent.PROVIDE: 0.3, Intent.AGREE: 1.4, Intent.DENY: 1.2},
    "greeting": {
        Intent.WRONG_PERSON: 2.0,
        Intent.GREET: 2.0,
        Intent.ASK_WHO: 1.5,
        Intent.ASK_NUMBER_SOURCE: 1.5,
        Intent.BUSY: 1.5,
        Intent.COMPLAIN: 1.3,
        Intent.PROVIDE: 0.3,
        Intent.NOT_INTERESTED: 0.6,
    },
    "consent": {Intent.BUSY: 1.6, Intent.AGREE: 1.4, Intent.DENY: 1.3, Intent.PROVIDE: 0.3, Intent.NOT_INTERESTED: 0.7},
    "pitch": {
        Intent.NOT_INTERESTED: 1.6,
        Intent.HESITATE: 1.4,
        Intent.ALREADY_EMPLOYED: 1.4,
        Intent.AGREE: 1.4,
        Intent.PROVIDE: 0.3,
        Intent.WRONG_PERSON: 0.4,
    },
    CLOSING: {
        **dict.fromkeys(ASKS, 1.5),
        Intent.DENY: 1.4,
        Intent.BYE: 1.4,
        Intent.PROVIDE: 0.4,
        Intent.NOT_INTERESTED: 0.2,
        Intent.ALREADY_EMPLOYED: 0.2,
        Intent.WRONG_PERSON: 0.1,
        Intent.HESITATE: 0.6,
    },
}


def priors(question: str | None, kind: str | None) -> Mapping[Intent, float]:
    """The factors for a question: its own where it has some, else those of its kind."""
    if kind is None:
        return {}
    return _PRIORS.get(question or kind) or _PRIORS.get(kind, _VALUE)
