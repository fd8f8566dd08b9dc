"""Syllables to the symbols of models trained on the Biaobei corpus with TensorFlowTTS' baker processor.

A sentence reads `sil b a4 #0 zh ong1 #2 … sil eos`: initial (^ where there is none), final with tone, break level.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from agi_app.errors import ModelError
from agi_app.speech.tts.pinyin import Syllable

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcs")
_FINALS = {"iu": "iou", "ui": "uei", "un": "uen"}


class BakerSymbols:
    """The symbol inventory of one model, from its `baker_mapper.json`."""

    def __init__(self, path: Path) -> None:
        try:
            mapper = json.loads(path.read_text(encoding="utf-8"))
            self._ids: dict[str, int] = mapper["symbol_to_id"]
            self._parts: dict[str, list[str]] = mapper["pinyin_dict"]
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"the voice's symbol table cannot be read: {error}", where=str(path), remedy="hireline models verify"
            ) from error

    def encode(self, syllables: Iterable[Syllable]) -> tuple[list[int], int]:
        """Symbol ids of a sentence, and how many syllables had to be left out because the model has no symbol for them."""
        symbols = ["sil"]
        missing = 0
        pause: int | None = None
        for syllable in syllables:
            parts = self._split(syllable)
            if parts is None:
                missing += 1
                continue
            if pause is not None:
                symbols.append(f"#{pause}")
            symbols += parts
            pause = syllable.pause
        symbols += ["sil", "eos"]
        return [self._ids[symbol] for symbol in symbols], missing

    def _split(self, syllable: Syllable) -> list[str] | None:
        known = self._parts.get(syllable.sound)
        if known is None:  # sounds Mandarin lacks but its initials and finals can make, for Latin letters: kiu, fer
            initial = next((i for i in _INITIALS if syllable.sound.startswith(i)), "")
            final = syllable.sound[len(initial) :]
            known = [initial or "^", _FINALS.get(final, final)]
        parts = [known[0], f"{known[1]}{syllable.tone}"]
        if syllable.erhua:
            parts.append("er5")
        return parts if all(part in self._ids for part in parts) else None
