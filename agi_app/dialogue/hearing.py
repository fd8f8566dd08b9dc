"""Keys as meanings, and what was left unheard when a prompt was cut."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agi_app.dialogue.reply import Prompt
from agi_app.dialogue.slots import key_value
from agi_app.dialogue.state import OpenQuestion
from agi_app.dialogue.understanding import Intent, Understanding
from hr_sync.records import Job

_SOUNDLESS = re.compile(r"[\s，。、！？；：“”（）\"'!,.?;:()…—-]")


def interpret_key(key: str, opened: OpenQuestion, job: Job) -> Understanding:
    """What a telephone key means for the open question; `other` when it means nothing there."""
    question = opened.question
    choice = question.keys.get(key)
    if choice is None:
        return Understanding(question.id, "", Intent.OTHER, 1.0)
    if choice.intent is not None:
        return Understanding(question.id, "", choice.intent, 1.0)
    value = key_value(choice.value or {}, job)
    return Understanding(question.id, "", Intent.PROVIDE, 1.0, {question.fills or question.id: value})


def unheard(said: Sequence[Prompt], heard_text: str) -> list[Prompt]:
    """The necessary prompts (those that must be heard whole) that were not heard to their end."""
    left = _SOUNDLESS.sub("", heard_text)
    missed: list[Prompt] = []
    for prompt in said:
        sound = _SOUNDLESS.sub("", prompt.text)
        if left.startswith(sound):
            left = left[len(sound) :]
            continue
        left = ""
        if not prompt.interruptible:
            missed.append(prompt)
    return missed
