"""How alike two Mandarin syllables sound on the telephone.

A toneless syllable is split into initial and final; the distance is the sum of the two parts' distances, cut at 1. The parts'
distances come from the pack's `confusions.yaml`, so that a linguist can tune them. The classes there (retroflex against
alveolar, n/l, f/h, front against back nasal) are the confusions of southern and western Mandarin speakers that the literature on
accented Mandarin recognition lists, plus what narrow-band telephony blurs (unaspirated against aspirated stops, fricatives).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from agi_app.errors import PackError

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")

_Y_FINALS = {
    "yi": "i", "ya": "ia", "yo": "io", "ye": "ie", "yai": "iai", "yao": "iao", "you": "iu", "yan": "ian", "yin": "in",
    "yang": "iang", "ying": "ing", "yong": "iong", "yu": "v", "yue": "ve", "yuan": "van", "yun": "vn",
}  # fmt: skip
_W_FINALS = {
    "wu": "u", "wa": "ua", "wo": "uo", "wai": "uai", "wei": "ui", "wan": "uan", "wen": "un", "wang": "uang", "weng": "ueng",
}  # fmt: skip
_AFTER_PALATAL = {"u": "v", "ue": "ve", "uan": "van", "un": "vn"}

LOUDEST = 1.0
"""Distance of syllables that have nothing in common."""


def split_syllable(syllable: str) -> tuple[str, str]:
    """Split toneless pinyin into initial and final (zhi → zh+ih, yuan → ''+van). Latin words are one opaque final."""
    if syllable in _Y_FINALS:
        return "", _Y_FINALS[syllable]
    if syllable in _W_FINALS:
        return "", _W_FINALS[syllable]
    for initial in _INITIALS:
        if syllable.startswith(initial):
            final = syllable[len(initial) :]
            if initial in ("j", "q", "x"):
                final = _AFTER_PALATAL.get(final, final)
            elif final == "i" and initial in ("zh", "ch", "sh", "r", "z", "c", "s"):
                final = "ih"
            elif final == "uen":
                final = "un"
            return initial, final
    return "", syllable


@dataclass
class Phonetics:
    """Distances between syllables, cached as they are asked for."""

    initials: dict[tuple[str, str], float] = field(default_factory=dict)
    finals: dict[tuple[str, str], float] = field(default_factory=dict)
    syllables: dict[tuple[str, str], float] = field(default_factory=dict)
    homophone: float = 0.15
    """Cost of a syllable that sounds the same but was written with another character."""
    common_homophone: float = 0.45
    """The same where the written character is so common that a recogniser rarely writes it by mistake."""
    common: frozenset[str] = frozenset()
    variants: dict[str, int] = field(default_factory=dict)
    """Characters that are written for one another anyway (的, 得, 地), with the number of their group."""
    digits: frozenset[str] = frozenset()
    """Characters that numbers are written with."""
    readings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Further readings of characters with several."""
    _cache: dict[tuple[str, str], float] = field(default_factory=dict, repr=False)

    def distance(self, heard: str, meant: str) -> float:
        """Distance of two toneless syllables: 0 the same, 1 nothing in common."""
        if heard == meant:
            return 0.0
        pair = (heard, meant)
        known = self._cache.get(pair)
        if known is None:
            known = self._cache[pair] = self._measure(heard, meant)
        return known

    def _measure(self, heard: str, meant: str) -> float:
        if (heard, meant) in self.syllables:
            return self.syllables[heard, meant]
        first, second = split_syllable(heard), split_syllable(meant)
        total = 0.0
        for left, right, table in ((first[0], second[0], self.initials), (first[1], second[1], self.finals)):
            if left != right:
                total += table.get((left, right), LOUDEST)
        return min(total, LOUDEST)

    @classmethod
    def load(cls, path: Path) -> Phonetics:
        """Read `confusions.yaml`. Raises PackError naming the file and the entry."""
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise PackError(
                f"the sound distances cannot be read: {error.strerror}", where=str(path), remedy="restore the file"
            ) from error
        except yaml.YAMLError as error:
            line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
            raise PackError("not valid YAML", where=f"{path}:{line}", remedy="correct the line") from error
        if not isinstance(data, dict):
            raise PackError("a mapping is expected", where=str(path), remedy="see docs/grammar-notation.md")
        return cls(
            initials=_pairs(data, "initials", path),
            finals=_pairs(data, "finals", path),
            syllables=_pairs(data, "syllables", path),
            homophone=_number(data, "homophone", path),
            common_homophone=_number(data, "common_homophone", path),
            common=frozenset(str(data.get("common", ""))) - {" ", "\n"},
            variants={one: number for number, group in enumerate(str(data.get("variants", "")).split()) for one in group},
            digits=frozenset(str(data.get("digits", ""))),
            readings={str(key): tuple(str(value).split()) for key, value in _mapping(data, "readings", path).items()},
        )


def _mapping(data: dict[str, Any], key: str, path: Path) -> dict[Any, Any]:
    value = data.get(key) or {}
    if not isinstance(value, dict):
        raise PackError(f"{key} must be a mapping", where=str(path), remedy="write one entry a line as name: value")
    return value


def _number(data: dict[str, Any], key: str, path: Path) -> float:
    value = data.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise PackError(f"{key} must be a number from 0 to 1", where=str(path), remedy="correct the value")
    return float(value)


def _pairs(data: dict[str, Any], key: str, path: Path) -> dict[tuple[str, str], float]:
    """Entries such as `zh z: 0.2`, read both ways; `''` stands for no initial."""
    pairs: dict[tuple[str, str], float] = {}
    for names, cost in _mapping(data, key, path).items():
        parts = str(names).split()
        if len(parts) != 2 or not isinstance(cost, int | float) or not 0 <= cost <= 1:
            raise PackError(
                f"{key}: {names!r}: {cost!r} is not two sounds and a distance from 0 to 1", where=str(path), remedy="e.g. zh z: 0.2"
            )
        left, right = ("" if part == "-" else part for part in parts)
        pairs[left, right] = pairs[right, left] = float(cost)
    return pairs
