"""Which of several intents a recruiter would act on first."""

from __future__ import annotations

from collections.abc import Iterable

from agi_app.dialogue.understanding import Intent

PRIORITY: tuple[Intent, ...] = (
    # What ends or breaks off the call comes first: acting on anything else would be wrong.
    Intent.STOP_CALLING,
    Intent.WRONG_PERSON,
    Intent.CALLBACK,
    Intent.BUSY,
    Intent.ALREADY_EMPLOYED,
    Intent.NOT_INTERESTED,
    # Nothing else counts before the candidate has heard or has been heard.
    Intent.ASK_REPEAT,
    Intent.ASK_SLOWER,
    Intent.ASK_HUMAN,
    Intent.COMPLAIN,
    # An answer comes before the questions that came with it.
    Intent.PROVIDE,
    Intent.DENY,
    Intent.HESITATE,
    Intent.BYE,
    Intent.AGREE,
    Intent.ASK_WHO,
    Intent.ASK_NUMBER_SOURCE,
    Intent.ASK_COMPANY,
    Intent.ASK_PAY,
    Intent.ASK_DUTIES,
    Intent.ASK_OVERTIME,
    Intent.ASK_WORKING_HOURS,
    Intent.ASK_SOCIAL_INSURANCE,
    Intent.ASK_BENEFITS,
    Intent.ASK_LOCATION,
    Intent.ASK_PROBATION,
    Intent.ASK_PROMOTION,
    Intent.ASK_TEAM,
    Intent.ASK_PROCESS,
    Intent.ASK_MATERIAL,
    Intent.THANK,
    Intent.GREET,
    Intent.BACKCHANNEL,
    Intent.OTHER,
)

_RANK = {intent: rank for rank, intent in enumerate(PRIORITY)}
ASKS = frozenset(intent for intent in Intent if intent.startswith("ask_"))
"""Everything a candidate may ask for."""


def by_priority(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    """Each intent once, the one to act on first at the front."""
    return tuple(sorted(set(intents), key=_RANK.__getitem__))
