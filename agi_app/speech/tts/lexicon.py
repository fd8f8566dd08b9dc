"""The pronunciation lexicon: how words are read that would otherwise be read wrong. HR and linguists edit its file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from agi_app.errors import PackError

Reading = tuple[str, ...]
"""Pinyin syllables with tone numbers, 5 the neutral tone."""

_SYLLABLE = re.compile(r"[a-zv]{1,6}[1-5]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9.+#'-]*")
_HANZI = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Readings by word.

    Latin words are kept in lower case; a letter is a Latin word of one character.
    """

    phrases: dict[str, Reading] = field(default_factory=dict)
    latin: dict[str, Reading] = field(default_factory=dict)
    surnames: dict[str, Reading] = field(default_factory=dict)
    digest: str = ""
    """Changes with the content; part of a voice's version, so that cached audio follows."""

    @property
    def longest_phrase(self) -> int:
        """Characters of the longest Chinese entry."""
        return max(map(len, self.phrases), default=0)


def load_lexicon(path: Path) -> Lexicon:
    """Read `pronunciation.txt` of a language pack. Raises PackError with file and line."""
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PackError(
            "the pronunciation lexicon does not exist", where=str(path), remedy="restore it; it may be empty"
        ) from error
    except UnicodeDecodeError as error:
        raise PackError(
            f"the pronunciation lexicon is not UTF-8: {error.reason}", where=str(path), remedy="save as UTF-8"
        ) from error
    phrases: dict[str, Reading] = {}
    latin: dict[str, Reading] = {}
    surnames: dict[str, Reading] = {}
    for number, raw in enumerate(content.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("# ") or line == "#":
            continue
        word, reading = _entry(line, f"{path}:{number}")
        if _LATIN.fullmatch(word):
            target, key = latin, word.lower()
        elif word.endswith("~"):
            target, key = surnames, word[:-1]
        else:
            target, key = phrases, word
        if key in target:
            raise PackError(f"{word!r} is listed twice", where=f"{path}:{number}", remedy="keep one of the lines")
        target[key] = reading
    return Lexicon(phrases, latin, surnames, hashlib.sha256(content.encode()).hexdigest()[:12])


def _entry(line: str, where: str) -> tuple[str, Reading]:
    word, separator, spoken = (part.strip() for part in line.partition("="))
    reading = tuple(spoken.split())
    if not separator or not word or not reading:
        raise PackError("a lexicon line must read: word = pinyin", where=where, remedy="e.g. 行业 = hang2 ye4")
    if wrong := [syllable for syllable in reading if not _SYLLABLE.fullmatch(syllable)]:
        raise PackError(f"not pinyin with a tone number: {' '.join(wrong)}", where=where, remedy="write e.g. lv4, shen2, me5")
    hanzi = word.removesuffix("~")
    if not _LATIN.fullmatch(word):
        if not _HANZI.fullmatch(hanzi):
            raise PackError(f"{word!r} is neither a Chinese nor a Latin word", where=where, remedy="split it into words")
        if len(reading) != len(hanzi):
            raise PackError(f"{len(hanzi)} characters but {len(reading)} syllables", where=where, remedy="one syllable a character")
    return word, reading
