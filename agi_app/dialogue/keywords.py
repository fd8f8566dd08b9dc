"""Words found by their sound: telephone recognition gets syllables right far more often than characters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from pypinyin import lazy_pinyin

from agi_app.dialogue.understanding import Heard

_HANZI = re.compile(r"[\u4e00-\u9fff]")


@lru_cache(maxsize=4096)
def syllables(text: str) -> tuple[str, ...]:
    """Toneless pinyin of the Chinese characters in a text, other words as they are."""
    return tuple(lazy_pinyin(text))


def found(heard: Heard, words: Iterable[str]) -> str | None:
    """The first of the words that was said, in any reading, by its characters or (from two syllables up) by its sound."""
    readings = [reading.text for reading in heard.hypotheses]
    return next((word for word in words if any(says(text, word) for text in readings)), None)


def says(text: str, word: str) -> bool:
    """Whether a text holds a word, by its characters or by its sound."""
    if word in text:
        return True
    if len(_HANZI.findall(word)) < 2:
        return False
    wanted, spoken = syllables(word), syllables(text)
    return any(spoken[start : start + len(wanted)] == wanted for start in range(len(spoken) - len(wanted) + 1))
