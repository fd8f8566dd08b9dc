"""Words and phrases found by their characters or their sound, and figures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import rjieba
from pypinyin import lazy_pinyin

from agi_app.dialogue.pack.schema import Competency, Signs

_HANZI = re.compile(r"[\u4e00-\u9fff]")
_NUMBER = r"(?:\d[\d,.]*|[零一二两三四五六七八九十百千万亿半几]+)"
_OWN = re.compile(r"我(?!们|觉得|认为|想|比较|是一个|这个|那个|也|们)")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9+#.]+")
_NAMES = {"nr", "ns", "nt", "nz"}
"""Word classes of people, places, institutions and other names, as jieba marks them."""


class Phrases:
    """A list of phrases, found in a text by their characters or, from two syllables up, by their toneless sound."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = tuple(dict.fromkeys(phrases))
        self._sounds = {phrase: tuple(lazy_pinyin(phrase)) for phrase in self._phrases if len(_HANZI.findall(phrase)) >= 2}

    def found(self, text: str) -> tuple[str, ...]:
        """Those that were said, each once."""
        spoken = sounds(text)
        return tuple(phrase for phrase in self._phrases if phrase in text or self._sounds_in(phrase, spoken))

    def _sounds_in(self, phrase: str, spoken: tuple[str, ...]) -> bool:
        wanted = self._sounds.get(phrase)
        if wanted is None:
            return False
        first, size = wanted[0], len(wanted)
        return any(spoken[at] == first and spoken[at : at + size] == wanted for at in range(len(spoken) - size + 1))


@lru_cache(maxsize=2048)
def sounds(text: str) -> tuple[str, ...]:
    """Toneless pinyin of a text."""
    return tuple(lazy_pinyin(text))


@dataclass(frozen=True, slots=True)
class Structure:
    """Which parts of a story an answer has: situation, task, action, result; each 0-1."""

    situation: float
    task: float
    action: float
    result: float

    @property
    def whole(self) -> float:
        """All of it, 0-1; what was done and what came of it weigh most."""
        return 0.15 * self.situation + 0.15 * self.task + 0.4 * self.action + 0.3 * self.result

    @property
    def missing(self) -> tuple[str, ...]:
        """Parts that were not heard."""
        return tuple(name for name in ("situation", "task", "action", "result") if getattr(self, name) == 0)


@dataclass(frozen=True, slots=True)
class Concreteness:
    """How concrete an answer is."""

    quantities: int
    names: int
    own_actions: int
    vague: int

    @property
    def whole(self) -> float:
        """0-1; empty words take away what figures give."""
        gained = 0.45 * _part(self.quantities, 4) + 0.2 * _part(self.names, 3) + 0.35 * _part(self.own_actions, 5)
        return max(0.0, gained - 0.06 * self.vague)


class SignReader:
    """Reads structure and concreteness off an answer.

    Args:
        signs: of the language pack.
    """

    def __init__(self, signs: Signs) -> None:
        self._parts = {name: Phrases(getattr(signs, name)) for name in ("situation", "task", "action", "result")}
        self._vague = Phrases(signs.vague)
        self._denial = Phrases(signs.denial)
        self._fillers = sorted(signs.fillers, key=len, reverse=True)
        units = "|".join(re.escape(unit) for unit in sorted(signs.units, key=len, reverse=True))
        self._quantity = re.compile(f"(?:百分之{_NUMBER}|{_NUMBER}(?:{units}))") if units else re.compile(r"\d+")

    def structure(self, text: str) -> Structure:
        """The parts of the story."""
        found = {name: len(phrases.found(text)) for name, phrases in self._parts.items()}
        return Structure(
            situation=_part(found["situation"], 2),
            task=_part(found["task"], 2),
            action=_part(found["action"], 4),
            result=_part(found["result"], 3),
        )

    def concreteness(self, text: str) -> Concreteness:
        """Figures, names, own part, empty words."""
        quantities = {found for found in self._quantity.findall(text) if not found.startswith(("一个", "一次", "几"))}
        names = {word for word, kind in rjieba.tag(text) if kind in _NAMES and len(word) > 1} | set(_LATIN.findall(text))
        return Concreteness(len(quantities), len(names), len(_OWN.findall(text)), len(self._vague.found(text)))

    def denies(self, text: str) -> bool:
        """The candidate says there is nothing to tell."""
        return bool(self._denial.found(text))

    def content_length(self, text: str) -> int:
        """Characters that say something."""
        for filler in self._fillers:
            text = text.replace(filler, "")
        return len(_HANZI.findall(text)) + len(_LATIN.findall(text))


class Rubric:
    """The words of one competency."""

    def __init__(self, competency: Competency) -> None:
        self.competency = competency
        self.keywords = Phrases(competency.keywords)
        self.against = Phrases(competency.against)


def _part(count: int, enough: int) -> float:
    return min(1.0, count / enough)
