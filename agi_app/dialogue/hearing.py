"""Keys as meanings, and what was left unheard when a prompt was cut."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agi_app.dialogue.reply import Prompt
from agi_app.dialogue.slots import key_value
from agi_app.dialogue.state import CONFIRMING, OpenQuestion
from agi_app.dialogue.understanding import Intent, Understanding
from hr_sync.records import Job

_CONFIRMED_BY = {"1": Intent.AGREE, "2": Intent.DENY}
"""Keys while a value is being confirmed; the wording `confirm_by_keys` names them."""
_SOUNDLESS = re.compile(r"[\s，。、！？；：“”（）\"'!,.?;:()…—-]")


def interpret_key(key: str, opened: OpenQuestion, job: Job) -> Understanding:
    """What a telephone key means for the open question; `other` when it means nothing there."""
    question = opened.question
    if opened.stage in CONFIRMING:
        return Understanding(question.id, "", _CONFIRMED_BY.get(key, Intent.OTHER), 1.0)
    choice = question.keys.get(key)
    if choice is None:
        return Understanding(question.id, "", Intent.OTHER, 1.0)
    if choice.intent is not None:
        return Understanding(question.id, "", choice.intent, 1.0)
    value = key_value(choice.value or {}, job)
    return Understanding(question.id, "", Intent.PROVIDE, 1.0, {question.fills or question.id: value})


def heard_shares(said: Sequence[Prompt], heard_text: str) -> list[float]:
    """How much of each prompt was heard, 0 to 1, when only the beginning of them all was."""
    left = len(_SOUNDLESS.sub("", heard_text))
    shares: list[float] = []
    for prompt in said:
        length = max(1, len(_SOUNDLESS.sub("", prompt.text)))
        shares.append(min(1.0, left / length))
        left = max(0, left - length)
    return shares
