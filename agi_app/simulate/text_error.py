"""How far a transcript is from what was really said: characters and toneless syllables, numbers compared by their value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pypinyin import Style, lazy_pinyin
from wetext import Normalizer

_NOT_SPOKEN = re.compile(r"[^\w]|_")


@dataclass(slots=True)
class ErrorCount:
    """Edits against the length of the truth; counts add up over utterances and calls."""

    edits: int = 0
    length: int = 0

    def add(self, said: Sequence[str], heard: Sequence[str]) -> None:
        """Count one utterance in."""
        self.edits += edit_distance(said, heard)
        self.length += len(said)

    @property
    def rate(self) -> float | None:
        """Edits per symbol said; None when nothing was said."""
        return round(self.edits / self.length, 4) if self.length else None


def edit_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Levenshtein distance: insertions, deletions and substitutions that turn one into the other."""
    row = list(range(len(second) + 1))
    for number, symbol in enumerate(first, start=1):
        before, row[0] = row[0], number
        for index, other in enumerate(second, start=1):
            before, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, before + (symbol != other))
    return row[-1]


@cache
def _normalizers() -> tuple[Normalizer, Normalizer]:
    return Normalizer(lang="zh", operator="tn"), Normalizer(lang="zh", operator="itn")


def characters(text: str) -> list[str]:
    """What counts as a character: numbers written out in one way (一万二, 12000 and 1万2 alike), no punctuation, lower case."""
    to_words, to_digits = _normalizers()
    words = to_words.normalize(to_digits.normalize(to_words.normalize(text))) if text.strip() else ""
    return list(_NOT_SPOKEN.sub("", words).lower())


def syllables(text: str) -> list[str]:
    """Toneless pinyin of the same, one item a syllable."""
    return lazy_pinyin("".join(characters(text)), style=Style.NORMAL)
