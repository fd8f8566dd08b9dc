"""Mishearings for training: characters exchanged for others of the same or a similar sound, as telephone recognisers do."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import lru_cache

from pypinyin import lazy_pinyin

from agi_app.dialogue.grammar.phonetics import Phonetics
from agi_app.dialogue.grammar.reading import is_hanzi

_NEAR = 0.3
"""Syllables up to this distance are taken for one another."""


@lru_cache(maxsize=1)
def _characters() -> dict[str, tuple[str, ...]]:
    """Everyday characters (the 3755 of GB 2312 level 1) by toneless syllable."""
    by_syllable: dict[str, list[str]] = defaultdict(list)
    for high in range(0xB0, 0xD8):
        for low in range(0xA1, 0xFF):
            character = bytes((high, low)).decode("gb2312", errors="ignore")
            if character:
                by_syllable[lazy_pinyin(character)[0]].append(character)
    return {syllable: tuple(found) for syllable, found in by_syllable.items()}


class Mishearing:
    """Makes misheard variants of texts; the same seed makes the same ones.

    Args:
        phonetics: distances of sounds.
        rate: share of the characters exchanged.
        seed: of the random numbers.
    """

    def __init__(self, phonetics: Phonetics, *, rate: float, seed: int) -> None:
        self._phonetics = phonetics
        self._rate = rate
        self._random = random.Random(seed)  # noqa: S311 - not for secrets
        self._near: dict[str, list[str]] = {}

    def __call__(self, text: str) -> str:
        """A variant of `text`."""
        syllables = lazy_pinyin(list(text))
        return "".join(
            self._other(character, syllable) if is_hanzi(character) and self._random.random() < self._rate else character
            for character, syllable in zip(text, syllables, strict=True)
        )

    def _other(self, character: str, syllable: str) -> str:
        if self._random.random() < 0.1:
            return ""  # a syllable swallowed
        near = self._near.get(syllable)
        if near is None:
            near = [other for other in _characters() if 0 < self._phonetics.distance(syllable, other) <= _NEAR]
            self._near[syllable] = near
        heard = self._random.choice(near) if near and self._random.random() < 0.3 else syllable
        return self._random.choice(_characters().get(heard, (character,)))
