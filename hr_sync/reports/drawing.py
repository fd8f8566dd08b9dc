"""Keyword cloud and mood curve as shapes: places and sizes, which the template draws as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hr_sync.records import MoodPoint

CLOUD_WIDTH, CLOUD_HEIGHT = 640, 220
CURVE_WIDTH, CURVE_HEIGHT = 640, 120
_LARGEST, _SMALLEST = 40, 15
_STEP = 0.35
_TURNS = 600


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the cloud, its middle and size in the cloud's units; `shade` 0-3, the most frequent 0."""

    text: str
    x: float
    y: float
    size: float
    shade: int


def cloud(counts: Mapping[str, int]) -> tuple[Word, ...]:
    """Place words along a spiral from the middle, the most frequent first; those without room are left out."""
    placed: list[tuple[Word, float]] = []
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    most = max((count for _, count in ranked), default=1)
    for rank, (text, count) in enumerate(ranked):
        size = _SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(count / most) * (0.97**rank)
        width = _width(text) * size
        spot = _room(width, size, placed)
        if spot is not None:
            placed.append((Word(text, round(spot[0], 1), round(spot[1], 1), round(size, 1), min(3, rank // 4)), width))
    return tuple(word for word, _ in placed)


def _width(text: str) -> float:
    """Of a text, in its own size."""
    return sum(1.0 if ord(character) > 0x2E80 else 0.56 for character in text) + 0.3


def _room(width: float, height: float, placed: Sequence[tuple[Word, float]]) -> tuple[float, float] | None:
    for turn in range(_TURNS):
        angle = turn * _STEP
        radius = 3.2 * angle**0.9
        x = CLOUD_WIDTH / 2 + radius * math.cos(angle)
        y = CLOUD_HEIGHT / 2 + 0.38 * radius * math.sin(angle)
        inside = width / 2 < x < CLOUD_WIDTH - width / 2 and height * 0.6 < y < CLOUD_HEIGHT - height * 0.6
        if inside and all(
            abs(x - word.x) * 2 > width + taken or abs(y - word.y) * 2 > (height + word.size) * 1.15 for word, taken in placed
        ):
            return x, y
    return None


@dataclass(frozen=True, slots=True)
class Curves:
    """The mood over the call: points of two polylines in the curve's units, and how long the call was."""

    patience: str
    hesitation: str
    length_ms: int


def curves(mood: Sequence[MoodPoint], length_ms: int) -> Curves | None:
    """The curves; None for fewer than two points."""
    if len(mood) < 2:
        return None
    length = max(length_ms, mood[-1].at_ms, 1)

    def line(values: Sequence[tuple[int, float]]) -> str:
        return " ".join(f"{at / length * CURVE_WIDTH:.1f},{(1 - value) * CURVE_HEIGHT:.1f}" for at, value in values)

    return Curves(
        patience=line([(point.at_ms, point.patience) for point in mood]),
        hesitation=line([(point.at_ms, point.hesitation) for point in mood]),
        length_ms=length,
    )
