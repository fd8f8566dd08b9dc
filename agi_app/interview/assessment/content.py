"""How near an answer comes to a competency by words and by meaning, and whether it tells of something done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from agi_app.dialogue.pack.schema import Competency, Signs
from agi_app.interview.assessment.answers import Span
from agi_app.interview.assessment.signs import Rubric

Floats = npt.NDArray[np.float32]

_LEADS = (-0.03, 0.05)
"""Cosine leads of an answer that is all talk and of one that is all deed, as multilingual-e5-small spreads them."""
_NEAREST = 3
"""An answer is as good as its best spans: nobody is marked down for also being polite."""
_ENOUGH_WORDS = 3


class Embedding(Protocol):
    """Texts to unit vectors."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Embed texts; shape [len(texts), width], rows of length 1."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an answer says about a competency."""

    keywords: tuple[str, ...]
    against: tuple[str, ...]
    meaning: float
    """0-1: nearer to what strong candidates say than to what weak ones say."""
    by_span: tuple[float, ...]
    """The same for each span."""

    @property
    def whole(self) -> float:
        """0-1."""
        words = 1 - math.exp(-len(self.keywords) / _ENOUGH_WORDS)
        return max(0.0, 0.25 * words + 0.75 * self.meaning - 0.2 * len(self.against))


class ContentReader:
    """Compares answers with example sentences; embeds those of a competency once, when it is first met.

    Args:
        embedding: of sentences.
        signs: of the language pack.
    """

    def __init__(self, embedding: Embedding, signs: Signs) -> None:
        self._embedding = embedding
        self._signs = signs
        self._poles: dict[str, tuple[Floats, Floats]] = {}

    def embed(self, spans: Sequence[Span]) -> Floats:
        """Vectors of spans, a row each."""
        return self._encoded([span.words for span in spans])

    def read(self, rubric: Rubric, text: str, vectors: Floats) -> Content:
        """Content of an answer whose spans have these vectors."""
        competency = rubric.competency
        strong, weak = self._pole(competency.id, *_examples(competency))
        by_span = _towards(vectors, strong, weak)
        return Content(
            keywords=rubric.keywords.found(text),
            against=rubric.against.found(text),
            meaning=_best(by_span),
            by_span=tuple(float(value) for value in by_span),
        )

    def told(self, vectors: Floats) -> float:
        """0-1: whether the answer tells of something done rather than claims; 0.5 where the pack has no examples."""
        if not (self._signs.told and self._signs.claimed):
            return 0.5
        return float(_towards(vectors, *self._pole("", self._signs.told, self._signs.claimed)).mean())

    def _encoded(self, texts: Sequence[str]) -> Floats:
        """One text at a time: calls under way use the same model, and none of them shall wait for more than one sentence."""
        return np.concatenate([self._embedding.encode([text]) for text in texts])

    def _pole(self, name: str, for_it: Sequence[str], against: Sequence[str]) -> tuple[Floats, Floats]:
        found = self._poles.get(name)
        if found is None:
            found = self._poles[name] = self._encoded(for_it), self._encoded(against)
        return found


def _examples(competency: Competency) -> tuple[Sequence[str], Sequence[str]]:
    """Strong and weak ones; what the levels say where the pack has none."""
    strong = competency.examples.strong or (competency.levels.get("5", competency.description),)
    weak = competency.examples.weak or (competency.levels.get("1", competency.name),)
    return strong, weak


def _towards(vectors: Floats, for_it: Floats, against: Floats) -> Floats:
    lead = (vectors @ for_it.T).max(axis=1) - (vectors @ against.T).max(axis=1)
    low, high = _LEADS
    placed: Floats = np.clip((lead - low) / (high - low), 0, 1)
    return placed


def _best(values: Floats) -> float:
    return float(np.sort(values)[::-1][:_NEAREST].mean())
