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
        """Symbol ids from the first sound to the last, with the breaks between, and how many syllables had to be left out because
        the model has no symbol for them."""
        symbols: list[str] = []
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
        return [self._ids[symbol] for symbol in symbols], missing

    @property
    def silence(self) -> int:
        """Stands at both ends of a sentence."""
        return self._ids["sil"]

    @property
    def phrase_break(self) -> int:
        """The break between intonation phrases, as at a comma."""
        return self._ids["#3"]

    @property
    def end(self) -> int:
        """Ends a sentence, after the silence."""
        return self._ids["eos"]

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
