"""Sentence embeddings: multilingual-e5-small on CTranslate2 (Wang et al. 2024, "Multilingual E5 Text Embeddings")."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import ctranslate2
import numpy as np

from agi_app.dialogue.nlu.conversion import PIECES, converted
from agi_app.dialogue.nlu.e5_file import Floats
from agi_app.errors import ModelError

_SPACE = "\u2581"
_UNKNOWN_PENALTY = 10.0
_LONGEST = 48
"""Tokens of one text that are looked at."""


class Encoder(Protocol):
    """Texts to unit vectors."""

    width: int

    def encode(self, texts: Sequence[str]) -> Floats:
        """Embed texts; shape [len(texts), width], rows of length 1."""


class Tokenizer:
    """Unigram segmentation (Kudo 2018, "Subword Regularization"): the pieces with the greatest sum of scores."""

    def __init__(self, path: Path) -> None:
        data = json.loads(path.read_text(encoding="utf-8"))
        self.begin: int = data["begin"]
        self.end: int = data["end"]
        self._unknown: int = data["unknown"]
        self._pieces = {
            piece: (number, score)
            for number, (piece, score) in enumerate(zip(data["pieces"], data["scores"], strict=True))
            if number not in (self.begin, self.end, self._unknown)
        }
        self._longest = min(16, max(map(len, self._pieces)))
        self._unknown_score: float = min(data["scores"]) - _UNKNOWN_PENALTY
        self._replacements: dict[str, str] = data["replacements"]

    def tokens(self, text: str) -> list[int]:
        """Numbers of the pieces of `text`, without begin and end."""
        normal = "".join(self._replacements.get(character, character) for character in text)
        normal = _SPACE + _SPACE.join(part for part in normal.split(" ") if part)
        length = len(normal)
        best = [0.0] + [-1e30] * length
        piece = [self._unknown] * (length + 1)
        origin = [0] * (length + 1)
        for start in range(length):
            for end in range(start + 1, min(length, start + self._longest) + 1):
                found = self._pieces.get(normal[start:end])
                if found is None:
                    if end > start + 1:
                        continue
                    found = (self._unknown, self._unknown_score)
                score = best[start] + found[1]
                if score > best[end]:
                    best[end], piece[end], origin[end] = score, found[0], start
        tokens: list[int] = []
        while length > 0:
            tokens.append(piece[length])
            length = origin[length]
        return tokens[::-1]


class SentenceEncoder:
    """The embedding model.

    Args:
        source: the file `e5-small-q4.bin`.
        folder: where the converted model is kept.
        threads: threads of one call.

    Raises:
        ModelError: the model is missing or cannot be loaded.
    """

    def __init__(self, source: Path, folder: Path, *, threads: int = 1) -> None:
        model = converted(source, folder)
        try:
            self._tokenizer = Tokenizer(model / PIECES)
            self._encoder = ctranslate2.Encoder(str(model), device="cpu", compute_type="int8", intra_threads=threads)
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            what = f"the converted embedding model cannot be loaded: {error}"
            raise ModelError(what, where=str(model), remedy="delete the folder; it is made again") from error
        self.width = int(self.encode([""]).shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Embed texts; shape [len(texts), width], rows of length 1."""
        batch = [[self._tokenizer.begin, *self._tokenizer.tokens(text)[:_LONGEST], self._tokenizer.end] for text in texts]
        hidden = np.array(self._encoder.forward_batch(batch).last_hidden_state)
        pooled = np.stack([row[: len(tokens)].mean(axis=0) for row, tokens in zip(hidden, batch, strict=True)])
        unit: Floats = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-6)
        return unit
