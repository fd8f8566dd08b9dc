"""Whisper on CTranslate2: a window of our own, words of the active grammar in the prompt, guards against made-up text, and closed
sets of short answers scored against the sound itself.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr
import structlog

from agi_app.errors import ModelError, RecognitionError
from agi_app.speech.asr.closed_set import LONGEST_S, ClosedSetScorer, misses_the_point
from agi_app.speech.asr.guards import is_steady, made_up, plain, unlooped
from agi_app.speech.asr.pieces import pieces
from agi_app.speech.asr.protocol import Alternative, Audio, Recognition, RecognitionHints
from agi_app.speech.asr.simplified import simplified

_log = structlog.get_logger(__name__)

_MODEL_RATE = 16_000
_FRAMES_A_SECOND = 100
"""Mel frames; the encoder halves them."""
_MAX_NEW_TOKENS = 60
_PROMPT_TOKENS = 150
"""Budget of the initial prompt: every token of it is decoded again for each utterance (about 0.3 ms each)."""
_PROMPTS = {"zh": "以下是普通话的电话面试录音，简体中文。", "en": "A job interview on the telephone."}
_FULL_STOP = {"zh": "。", "en": ". "}
"""Behind each sentence of the prompt. Without one at the end whisper takes the answer for its continuation."""
_SHORTEST_S = 0.12
_TAIL_S = 1.5
"""Silence a window must end in, or whisper makes up words behind the last ones."""
_UNSURE_LOG_PROB = -0.7
_SHORT_TEXT = 3
"""Free results below this probability, or of at most so many characters, are worth a second look at the closed set."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    log_prob: float
    tokens: int


class WhisperRecogniser:
    """One whisper model, shared by all worker threads.

    Args:
        folder: the fetched model.
        beam: beam size of the free decoding; also the number of alternatives.
        window_s: audio the encoder sees at once; the cost is nearly proportional. Longer audio is cut at quiet points.
        short_window_s: the same for utterances that leave 1.5 s of it silent.
        threads: CPU threads of one recognition.
        workers: recognitions that may run at the same time.
        sample_rate: of the audio it gets, in Hz.
    """

    def __init__(
        self,
        folder: Path,
        *,
        beam: int = 5,
        window_s: float = 10.0,
        short_window_s: float = 7.0,
        threads: int = 2,
        workers: int = 1,
        sample_rate: int = 8000,
    ) -> None:
        self.name = f"whisper/{folder.name}"
        self.sample_rate = sample_rate
        self.counters: Counter[str] = Counter()
        """utterances; steady: those without any speech; closed_sets; made_up_*: texts dropped, by guard."""
        self._folder = folder
        self._beam = beam
        self._window_s = window_s
        self._short_window_s = min(short_window_s, window_s)
        self._threads = threads
        self._workers = workers
        self._model: Any = None
        self._features: Any = None
        self._scorer: ClosedSetScorer | None = None
        self._tokenizer: Any = None
        self._tokenizers: dict[str, Any] = {}

    # ---- loading ----------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Load the model and run it once. Raises ModelError."""
        import ctranslate2  # 1 s and 200 MB: only in processes that recognise
        import tokenizers
        from faster_whisper.feature_extractor import FeatureExtractor

        try:
            mels = json.loads((self._folder / "config.json").read_text()).get("num_mel_bins", 80)
            self._tokenizer = tokenizers.Tokenizer.from_file(str(self._folder / "tokenizer.json"))
            self._model = ctranslate2.models.Whisper(
                str(self._folder), device="cpu", compute_type="int8", intra_threads=self._threads, inter_threads=self._workers
            )
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(
                f"the recogniser's model cannot be loaded: {error}", where=str(self._folder), remedy="hireline models verify"
            ) from error
        self._features = FeatureExtractor(feature_size=mels)
        silence = np.random.default_rng(0).normal(0, 1e-4, _MODEL_RATE).astype(np.float32)
        self._scorer = ClosedSetScorer(
            self._model,
            silence=np.array(self._encode(silence, defaultdict(float))),
            vocabulary=self._tokenizer.get_vocab_size(),
        )
        noise = np.random.default_rng(0).normal(0, 0.01, self.sample_rate).astype(np.float32)
        self.recognise(noise, RecognitionHints(phrases=("是",)))
        self.counters.clear()

    # ---- recognising ------------------------------------------------------------------------------------------------

    def recognise(self, audio: Audio, hints: RecognitionHints) -> Recognition:
        """Recognise one whole utterance.

        Args:
            audio: float32 in [-1, 1] at `sample_rate`, shape [n].
            hints: language, words likely to be said, and short answers to score.

        Raises:
            RecognitionError: the engine failed, the language is unknown to it, or the audio is no finite sound.
        """
        started = time.perf_counter()
        if self._model is None:
            raise RecognitionError("the recogniser was not loaded", where=self.name, remedy="call load() first")
        if audio.ndim != 1 or not np.isfinite(audio).all():
            raise RecognitionError("the audio is not one channel of finite samples", where=self.name)
        audio_ms = round(1000 * audio.size / self.sample_rate)
        self.counters["utterances"] += 1
        if audio.size < _SHORTEST_S * self.sample_rate or is_steady(audio, self.sample_rate):
            self.counters["steady"] += 1
            return Recognition("", 0.0, engine=self.name, audio_ms=audio_ms)
        try:
            result = self._recognise(audio, hints)
        except (RuntimeError, ValueError) as error:  # what CTranslate2 raises
            raise RecognitionError(f"the recogniser failed: {error}", where=self.name, remedy="see the log") from error
        result["stages_ms"]["total"] = 1000 * (time.perf_counter() - started)
        return Recognition(engine=self.name, audio_ms=audio_ms, **result)

    def _recognise(self, audio: Audio, hints: RecognitionHints) -> dict[str, Any]:
        wide = soxr.resample(audio, self.sample_rate, _MODEL_RATE) if self.sample_rate != _MODEL_RATE else audio
        tokenizer = self._for_language(hints.language)
        stages: defaultdict[str, float] = defaultdict(float)
        best: list[list[_Decoded]] = []
        closed: tuple[Alternative, ...] = ()
        for piece in pieces(wide, _MODEL_RATE, longest_s=self._window_s):
            encoded = self._encode(piece, stages)
            best.append(self._free(encoded, piece, tokenizer, hints, stages))
            if hints.phrases and wide.size <= LONGEST_S * _MODEL_RATE and _is_doubtful(best[0], hints.phrases):
                closed = self._closed(encoded, hints.phrases, tokenizer, stages)
        alternatives = _joined(best)
        stages_ms = dict(stages)
        text = alternatives[0].text if alternatives else ""
        return {
            "text": text,
            "confidence": math.exp(alternatives[0].log_prob) if alternatives else 0.0,
            "alternatives": alternatives,
            "closed": closed,
            "stages_ms": stages_ms,
        }

    def _encode(self, audio: npt.NDArray[np.float32], stages: defaultdict[str, float]) -> Any:  # noqa: ANN401 - a CTranslate2 StorageView
        """Encoder output of one window; the rest of the window is silence."""
        import ctranslate2

        began = time.perf_counter()
        short = audio.size <= (self._short_window_s - _TAIL_S) * _MODEL_RATE
        window_s = self._short_window_s if short else self._window_s
        mel = self._features(np.pad(audio, (0, int(window_s * _MODEL_RATE) - audio.size)))[:, : int(window_s * _FRAMES_A_SECOND)]
        features = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel[None], np.float32))
        encoded = self._model.encode(features, to_cpu=True)
        stages["encode"] += 1000 * (time.perf_counter() - began)
        return encoded

    def _free(
        self,
        encoded: Any,  # noqa: ANN401
        audio: npt.NDArray[np.float32],
        tokenizer: Any,  # noqa: ANN401
        hints: RecognitionHints,
        stages: defaultdict[str, float],
    ) -> list[_Decoded]:
        """Free decoding of one window, best first; empty when nothing was said."""
        began = time.perf_counter()
        fixed = _PROMPTS.get(hints.language, "")
        words, prompt = self._prompt(fixed, hints, tokenizer)
        start = [*prompt, *tokenizer.sot_sequence, tokenizer.no_timestamps]
        result = self._model.generate(
            encoded,
            [start],
            beam_size=self._beam,
            num_hypotheses=self._beam,
            max_length=len(start) + _MAX_NEW_TOKENS,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        stages["decode"] += 1000 * (time.perf_counter() - began)
        found: dict[str, _Decoded] = {}
        for tokens, log_prob in zip(result.sequences_ids, result.scores, strict=True):
            text = unlooped(tokenizer.decode(tokens).strip())
            if hints.language == "zh":
                text = simplified(text)
            reason = made_up(
                text,
                log_prob=log_prob,
                no_speech_prob=result.no_speech_prob,
                seconds=audio.size / _MODEL_RATE,
                prompt=fixed,
                words=words,
            )
            if reason is not None:
                if not found:
                    self.counters[f"made_up_{reason}"] += 1
                continue
            found.setdefault(plain(text), _Decoded(text, log_prob, len(tokens)))
        return list(found.values())

    def _closed(
        self,
        encoded: Any,  # noqa: ANN401
        phrases: tuple[str, ...],
        tokenizer: Any,  # noqa: ANN401
        stages: defaultdict[str, float],
    ) -> tuple[Alternative, ...]:
        began = time.perf_counter()
        assert self._scorer is not None  # noqa: S101 - load() made it
        found = self._scorer.score(encoded, phrases, tokenizer)
        stages["closed_set"] += 1000 * (time.perf_counter() - began)
        self.counters["closed_sets"] += 1
        return found

    def _prompt(self, fixed: str, hints: RecognitionHints, tokenizer: Any) -> tuple[list[str], list[int]]:  # noqa: ANN401
        """The sentences that fit into the prompt, and its tokens."""
        budget = _PROMPT_TOKENS - len(tokenizer.encode(" " + fixed))
        stop = _FULL_STOP.get(hints.language, ". ")
        words: list[str] = []
        for word in dict.fromkeys(hints.words):
            budget -= len(tokenizer.encode(word + stop))
            if budget < 0:
                break
            words.append(word)
        text = fixed + "".join(word + stop for word in words)
        return words, [tokenizer.sot_prev, *tokenizer.encode(" " + text)] if text else []

    def _for_language(self, language: str) -> Any:  # noqa: ANN401
        from faster_whisper.tokenizer import Tokenizer

        if language not in self._tokenizers:
            try:
                self._tokenizers[language] = Tokenizer(self._tokenizer, multilingual=True, task="transcribe", language=language)
            except ValueError as error:
                raise RecognitionError(f"whisper does not know the language {language!r}", remedy="use e.g. zh or en") from error
        return self._tokenizers[language]


def _is_doubtful(decoded: list[_Decoded], phrases: tuple[str, ...]) -> bool:
    if not decoded or len(plain(decoded[0].text)) <= _SHORT_TEXT or decoded[0].log_prob < _UNSURE_LOG_PROB:
        return True
    return misses_the_point([(one.text, one.log_prob) for one in decoded], phrases)


def _joined(windows: list[list[_Decoded]]) -> tuple[Alternative, ...]:
    """Alternatives of one window; of several, the best of each joined into one."""
    spoken = [window for window in windows if window]
    if len(spoken) == 1:
        return tuple(Alternative(decoded.text, decoded.log_prob) for decoded in spoken[0])
    if not spoken:
        return ()
    best = [window[0] for window in spoken]
    tokens = sum(decoded.tokens for decoded in best)
    log_prob = sum(decoded.log_prob * decoded.tokens for decoded in best) / max(1, tokens)
    return (Alternative("".join(decoded.text for decoded in best), log_prob),)
