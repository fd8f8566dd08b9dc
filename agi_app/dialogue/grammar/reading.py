"""An utterance as syllables: what the grammars are matched on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import lazy_pinyin

from agi_app.dialogue.grammar.numerals import spell_numbers

LONGEST = 240
"""Syllables of one utterance that are looked at; of a longer one its beginning and, mostly, its end."""
_HEAD = 80

_LATIN = re.compile(r"[a-z]+")
_SPELLED = re.compile(r"(?<![A-Za-z])(?:[A-Za-z] ){1,7}[A-Za-z](?![A-Za-z])")
_SMALL = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})
_DROPPED = re.compile(r"['’]")


@dataclass(frozen=True, slots=True)
class Reading:
    """Syllables of an utterance and where they stand in its text.

    Token i is `characters[i]` (one character, or one Latin word in small letters), sounds like `syllables[i]`, and begins at
    `starts[i]` in `text`. `breaks[i]` tells that punctuation stands before token i.
    """

    text: str
    """Normalised: half-width, numbers spelled out."""
    characters: tuple[str, ...]
    syllables: tuple[str, ...]
    starts: tuple[int, ...]
    breaks: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.characters)

    def words(self, start: int, end: int) -> str:
        """The text of tokens `start` up to, not including, `end`."""
        if start >= end:
            return ""
        last = self.starts[end - 1] + len(self.characters[end - 1])
        return self.text[self.starts[start] : last].strip()

    @property
    def pinyin(self) -> str:
        """All syllables, separated by spaces."""
        return " ".join(self.syllables)


def is_hanzi(character: str) -> bool:
    """True for a Chinese character."""
    return "\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf" or character == "〇"


def read(text: str) -> Reading:
    """Read an utterance. Any text is accepted: what is neither Chinese, Latin nor a number only separates."""
    text = spell_numbers(_DROPPED.sub("", text[: 4 * LONGEST]))
    text = _SPELLED.sub(lambda match: match.group().replace(" ", ""), text)
    return _read(text)


@lru_cache(maxsize=512)
def _read(text: str) -> Reading:
    characters: list[str] = []
    starts: list[int] = []
    breaks: list[bool] = []
    pending = False
    at = 0
    small = text.translate(_SMALL)
    while at < len(text):
        character = small[at]
        latin = _LATIN.match(small, at)
        if latin or is_hanzi(character):
            characters.append(latin.group() if latin else character)
            starts.append(at)
            breaks.append(pending)
            pending = False
            at = latin.end() if latin else at + 1
            continue
        between_words = character.isspace() and not (characters and _LATIN.fullmatch(characters[-1]))
        pending = pending or between_words or not character.isspace()
        at += 1
    if len(characters) > LONGEST:
        for items in (characters, starts, breaks):
            del items[_HEAD : len(items) - (LONGEST - _HEAD)]
        breaks[_HEAD] = True
    return Reading(text, tuple(characters), _syllables(characters, breaks), tuple(starts), tuple(breaks))


def _syllables(characters: list[str], breaks: list[bool]) -> tuple[str, ...]:
    """Toneless pinyin, read clause by clause so that words do not join over punctuation."""
    syllables: list[str] = []
    clause: list[str] = []
    for index in range(len(characters) + 1):
        done = index == len(characters)
        if clause and (done or breaks[index] or not is_hanzi(characters[index])):
            syllables += lazy_pinyin("".join(clause))
            clause = []
        if done:
            break
        if is_hanzi(characters[index]):
            clause.append(characters[index])
        else:
            syllables.append(characters[index])
    return tuple(_toneless(syllable) for syllable in syllables)


_SPELLINGS = {"n": "en", "m": "en", "ng": "en", "hm": "heng", "hng": "heng", "ê": "ei"}


def _toneless(syllable: str) -> str:
    return _SPELLINGS.get(syllable, syllable)
