"""Columns of all candidates, held so that a rule looks at each distinct value, or at all texts, at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


class Columns:
    """Columns by name, one value a candidate, in the order of ids."""

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self._columns = columns
        self.count = len(columns["id"])
        self.text = cache(self._text)

    def values(self, name: str) -> Sequence[Any]:
        """A column as it is stored."""
        return self._columns[name]

    def coded(self, name: str) -> tuple[list[Any], Index]:
        """The distinct values of a column, and for each candidate which of them."""
        places: dict[Any, int] = {}
        index = np.fromiter((places.setdefault(value, len(places)) for value in self._columns[name]), np.int32, self.count)
        return list(places), index

    def equal(self, name: str, value: str) -> Mask:
        """Who has this value."""
        found: Mask = np.array(self._columns[name], object) == value
        return found

    def _text(self, name: str) -> Texts:
        return Texts(self._columns[name])


class Texts:
    """Texts without line breaks (JSON), joined to one that is searched as a whole: many times faster than one by one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._joined = "\n".join(texts).casefold()
        lengths = np.fromiter((len(text) + 1 for text in self._joined.split("\n")), np.int64, len(texts))
        self._starts = np.concatenate(([0], np.cumsum(lengths)[:-1])) if len(texts) else np.empty(0, np.int64)

    def holding(self, word: str) -> Mask:
        """Which texts hold a case-folded word; Latin words as whole words: java is not found in javascript."""
        found = np.zeros(len(self._starts), np.bool_)
        places = np.fromiter((match.start() for match in words_pattern([word]).finditer(self._joined)), np.int64)
        found[np.searchsorted(self._starts, places, "right") - 1] = True
        return found


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"{re.escape(word)}{_bounds(word)}" for word in words))


def words_pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Finds any of some case-folded words; Latin words as whole words."""
    return _pattern(tuple(words))


def _bounds(word: str) -> str:
    """What may not stand around a Latin word. Looking back from its end lets the search itself begin with the plain word: ten times
    faster than looking back from its beginning."""
    before = rf"(?<![a-z0-9]{re.escape(word)})" if re.match(r"[a-z0-9]", word) else ""
    after = r"(?![a-z0-9+#])" if re.search(r"[a-z0-9]$", word) else ""
    return before + after
