"""Speaking: text in, telephone audio out, clause by clause, from the cache where it was said before."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable

import numpy as np
import structlog

from agi_app.errors import OverloadError, SynthesisError
from agi_app.speech.tts.cache import AudioCache
from agi_app.speech.tts.clauses import clauses, pause_after
from agi_app.speech.tts.normalise import normalise
from agi_app.speech.tts.protocol import Pcm, Voice
from agi_app.speech.worker import ModelWorker, Priority

_log = structlog.get_logger(__name__)


class SpeechService:
    """The voice of all calls.

    Args:
        voice: speaks.
        fallback: speaks the clauses the voice fails on; None: there is none.
        worker: runs both off the loop.
        cache: what was said before.
        rate: the deployment's usual speaking rate; a prompt's own rate multiplies it.
    """

    def __init__(self, voice: Voice, *, fallback: Voice | None, worker: ModelWorker, cache: AudioCache, rate: float = 1.0) -> None:
        if fallback is not None and fallback.sample_rate != voice.sample_rate:
            raise ValueError("voice and fallback must have the same sample rate")
        self._voice = voice
        self._fallback = fallback
        self._worker = worker
        self._cache = cache
        self._rate = rate
        self._warming: set[asyncio.Task[None]] = set()
        self.sample_rate = voice.sample_rate
        self.counters: Counter[str] = Counter()
        """clauses, cached, fallbacks, failures, warmed, not_warmed."""

    @property
    def voice_name(self) -> str:
        """Engine and voice that usually speaks."""
        return self._voice.name

    @property
    def worker(self) -> ModelWorker:
        """Its threads and their queue."""
        return self._worker

    async def load(self) -> None:
        """Load the voices. Raises ModelError when the first one cannot be used."""
        await self._worker.run(self._voice.load)
        if self._fallback is not None:
            await self._worker.run(self._fallback.load)

    async def stream(self, text: str, *, rate: float = 1.0) -> AsyncIterator[bytes]:
        """Speak a text.

        Args:
            text: one or more sentences as they are written.
            rate: above 1 faster, below 1 slower, relative to the deployment's rate.

        Yields:
            16-bit little-endian mono PCM at `sample_rate`, a clause at a time with the pause that follows it. The next clause is
            made while the caller plays the one before. Closing the iterator or cancelling its task drops what is not made yet.

        Raises:
            SynthesisError: no voice could speak a clause, or the text holds nothing to speak.
            OverloadError: the queue is full.
        """
        parts = clauses(normalise(text).text)
        if not parts:
            raise SynthesisError("the text holds nothing that can be spoken", remedy="correct the wording")
        following = asyncio.create_task(self._clause(parts[0], rate, Priority.LIVE))
        try:
            for index, part in enumerate(parts):
                audio = await following
                last = index + 1 == len(parts)
                if not last:
                    following = asyncio.create_task(self._clause(parts[index + 1], rate, Priority.AHEAD))
                yield audio.astype("<i2").tobytes() + (b"" if last else self._silence(pause_after(part)))
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def warm(
        self,
        texts: Iterable[str],
        *,
        rate: float = 1.0,
        priority: Priority = Priority.WARM,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Make the audio of texts that may be needed.

        Args:
            texts: most likely first.
            rate: as in `stream`.
            priority: AHEAD for what will be said in a moment; by default nobody waits for it.
            progress: told after each text how many of how many are done.
        """
        listed = list(texts)
        for done, text in enumerate(listed, start=1):
            try:
                for part in clauses(normalise(text).text):
                    await self._clause(part, rate, priority)
                self.counters["warmed"] += 1
            except (SynthesisError, OverloadError) as error:
                self.counters["not_warmed"] += 1
                _log.info("a text could not be prepared", error=error.what)
            if progress is not None:
                progress(done, len(listed))

    def warm_soon(self, texts: Iterable[str], *, rate: float = 1.0) -> None:
        """`warm` without waiting for it; ends with `close`."""
        task = asyncio.create_task(self.warm(texts, rate=rate))
        self._warming.add(task)
        task.add_done_callback(self._warming.discard)

    async def close(self) -> None:
        """Stop warming and the worker."""
        for task in self._warming:
            task.cancel()
        await asyncio.gather(*self._warming, return_exceptions=True)
        await self._worker.close()

    async def _clause(self, text: str, rate: float, priority: Priority) -> Pcm:
        rate = round(rate * self._rate, 2)
        key = AudioCache.key(self._voice.name, self._voice.version, self.sample_rate, rate, text)
        self.counters["clauses"] += 1
        kept = self._cache.hot(key)
        if kept is None:
            kept = await asyncio.to_thread(self._cache.get, key)
        if kept is not None:
            self.counters["cached"] += 1
            return kept

        def make() -> Pcm:
            if (ready := self._cache.hot(key)) is not None:  # made for someone else while this job waited
                return ready
            audio = self._speak(text, rate)
            if audio is None:
                return self._speak_fallback(text, rate)
            self._cache.put(key, audio)
            return audio

        return (await self._worker.run(make, priority=priority)).value

    def _speak(self, text: str, rate: float) -> Pcm | None:
        """None when the voice failed and the fallback must speak."""
        try:
            return self._voice.speak(text, rate=rate)
        except SynthesisError as error:
            if self._fallback is None:
                self.counters["failures"] += 1
                raise
            self.counters["fallbacks"] += 1
            _log.warning("the voice failed, the fallback speaks", voice=self._voice.name, error=error.what)
            return None

    def _speak_fallback(self, text: str, rate: float) -> Pcm:
        if self._fallback is None:
            raise SynthesisError("there is no fallback voice")
        try:
            return self._fallback.speak(text, rate=rate)
        except SynthesisError as error:
            self.counters["failures"] += 1
            raise SynthesisError("no voice could speak a clause", remedy=error.remedy or "hireline doctor") from error

    def _silence(self, seconds: float) -> bytes:
        return np.zeros(int(seconds * self.sample_rate), np.int16).tobytes()
