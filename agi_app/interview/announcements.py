"""Words on the line, recognised in pieces as they are spoken, and looked up in the catalogue of announcements.

At most one recognition at a time a call, by default at the lowest priority: candidates in conversation go first. Time is counted in
audio.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog

from agi_app.audio.tones import Tone, ToneDetector
from agi_app.dialogue.grammar.phonetics import Phonetics
from agi_app.dialogue.grammar.reading import read
from agi_app.errors import SpeechError
from agi_app.interview.voice_activity import VoiceActivity
from agi_app.speech.asr.protocol import RecognitionHints
from agi_app.speech.worker import Priority, RecognitionService
from agi_app.telephony.media.channel import MediaChannel
from agi_app.telephony.progress.catalogue import Meaning, load_catalogue
from agi_app.telephony.progress.matching import Finding, Matcher

log = structlog.get_logger(__name__)

_WINDOW_S = 8.0
"""What one recognition looks back on: an announcement's sentence, and no more than the recogniser's window."""
_PAUSE_MS = 350
_SENTENCE_PAUSE_MS = 500
_LEAST_MS = 320
"""Less new speech than this, before a pause, is not worth a recognition."""
_TAIL_MS = 60
_BEFORE_MS = 250
_READINGS = 3
_LATER_READING = 0.04
"""Added to the cost of what stands only in a less likely reading."""
_FOLLOWED_BY = 3
"""Syllables behind a phrase that show that its sentence has gone on."""
_EVERY_MS = (1400, 1400, 1400, 1400, 2500, 2500, 4000)
"""So much new speech asks for a recognition; less often when nothing was found so far (songs, advertisements)."""
_MOST = 24
"""Recognitions of one call."""
_LATIN_ALIKE = 0.65
_SMALL_WORDS = frozenset({"of", "on", "in", "is", "at", "to", "be", "the", "a", "an"})
_SMALL_WORD = 0.4
"""Distance of two of English's small words, which a recogniser of Chinese takes for one another."""
_FILL_S = 0.2
"""A line that delivers nothing for so long is silent; a jitter buffer's delay must fit in."""


def load_matcher(folder: Path) -> Matcher:
    """The catalogue of a language pack, matched as the grammars are. Raises PackError."""
    phonetics = Phonetics.load(folder / "grammars" / "confusions.yaml")

    def distance(heard: str, meant: str) -> float:
        if heard != meant and heard in _SMALL_WORDS and meant in _SMALL_WORDS:
            return _SMALL_WORD
        if heard[:1].isascii() and len(heard) > 4 and len(meant) > 4:
            alike = difflib.SequenceMatcher(None, heard, meant).ratio()
            if alike >= _LATIN_ALIKE:
                return min(1 - alike, phonetics.distance(heard, meant))
        return phonetics.distance(heard, meant)

    return Matcher(load_catalogue(folder, lambda text: read(text).syllables), distance)


@dataclass(frozen=True, slots=True)
class Words:
    """One recognition of the line."""

    text: str
    findings: tuple[Finding, ...]
    """What the catalogue knows of it, best first."""
    at_pause: bool
    """The window ended in a pause."""
    syllables: int
    quiet_since: bool = True
    """Nothing was said since: the pause was not one inside the sentence."""

    @property
    def decisive(self) -> Finding | None:
        """The best phrase that decides the call; None when there is none, or when we are asked to hold on."""
        holds = any(finding.kind.meaning is Meaning.WAIT for finding in self.findings)
        for finding in self.findings:
            if finding.kind.meaning is Meaning.WAIT:
                continue
            followed = not finding.loose and self.syllables - finding.end >= _FOLLOWED_BY
            over = (self.at_pause and self.quiet_since) or followed
            if finding.kind.at_pause and (holds or not over):
                continue
            if finding.loose and (holds or not self.at_pause):
                continue
            return finding
        return None


async def heard_frames(media: MediaChannel) -> AsyncGenerator[bytes, None]:
    """The line's frames, from the first on with silence where it delivers nothing (a phone that sends nothing in silence), so that
    pauses end there, too. Ends with the line."""
    async with aclosing(media.frames()) as frames:
        coming: asyncio.Task[bytes] | None = None
        silence: bytes | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(frames))
                await asyncio.wait({coming}, timeout=None if silence is None else _FILL_S)
                if coming.done():
                    frame, coming = coming.result(), None
                    silence = silence or bytes(2 * round(_FILL_S * media.rate))
                    yield frame
                elif silence is not None:
                    yield silence
        except StopAsyncIteration:
            return
        finally:
            if coming is not None and not coming.done():
                coming.cancel()
                await asyncio.wait({coming})


@dataclass(frozen=True, slots=True)
class LineServices:
    """The shared parts a listener works with."""

    recognition: RecognitionService
    activity: VoiceActivity
    matcher: Matcher
    mind: Executor


class LineListener:
    """Listens to one call's line, before the answer or after it.

    Args:
        services: shared parts.
        sample_rate: of the frames, Hz.
        call_id: for the log.
        answered: what is heard may be a person.
        on_words: told of each recognition that had words.
        on_tone: told of each tone.
        least_ms: so much new speech is worth a recognition at a pause.
        priority: of its recognitions; LIVE where a person waits for what comes of them.
    """

    def __init__(
        self,
        services: LineServices,
        *,
        sample_rate: int,
        call_id: str,
        answered: bool,
        on_words: Callable[[Words], None],
        on_tone: Callable[[Tone], None],
        least_ms: int = _LEAST_MS,
        priority: Priority = Priority.WARM,
    ) -> None:
        self._services = services
        self._rate = sample_rate
        self._call_id = call_id
        self._answered = answered
        self._on_words, self._on_tone = on_words, on_tone
        self._least_ms = least_ms
        self._priority = priority
        self._tones = ToneDetector(sample_rate)
        self._vad = services.activity.model.stream()
        self._block = services.activity.model.block_samples
        self._waiting = np.zeros(0, np.int16)
        self._kept = np.zeros(round(_WINDOW_S * sample_rate), np.int16)
        self._heard_samples = 0
        self._speech_from: int | None = None
        self._new_speech = 0
        """Samples of speech no recognition has begun on."""
        self._mid_sentence = False
        """The last recognition began while something was being said: the end of it is wanted, too."""
        self._last_speech = 0
        self._recognition: asyncio.Task[None] | None = None
        self.recognitions = 0
        self.overloads = 0

    @property
    def now_ms(self) -> int:
        """Audio heard so far."""
        return self._heard_samples * 1000 // self._rate

    @property
    def quiet_ms(self) -> int:
        """Since the last speech, or the beginning."""
        return (self._heard_samples - self._last_speech) * 1000 // self._rate

    @property
    def spoke(self) -> bool:
        """Whether any speech was heard."""
        return self._speech_from is not None

    @property
    def busy(self) -> bool:
        """Whether a recognition runs."""
        return self._recognition is not None and not self._recognition.done()

    async def take(self, samples: npt.NDArray[np.int16]) -> None:
        """Listen to the next samples, shape [n]."""
        for tone in self._tones.feed(samples):
            self._on_tone(tone)
        self._keep(samples)
        self._waiting = np.concatenate((self._waiting, samples))
        while self._waiting.size >= self._block:
            block, self._waiting = self._waiting[: self._block], self._waiting[self._block :]
            await self._listen(block)

    async def finish(self) -> None:
        """The line is over: recognise what is left, and wait for it."""
        await self.settle()
        if self._new_speech * 1000 >= _LEAST_MS * self._rate:
            self._begin(at_pause=True)
            await self.settle()

    async def settle(self) -> None:
        """Wait for the recognition that runs."""
        if self._recognition is not None:
            await asyncio.wait({self._recognition})

    async def close(self) -> None:
        """Give up what runs."""
        if self._recognition is not None:
            self._recognition.cancel()
            await asyncio.wait({self._recognition})

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _keep(self, samples: npt.NDArray[np.int16]) -> None:
        samples = samples[-self._kept.size :]
        self._kept = np.concatenate((self._kept[samples.size :], samples))
        self._heard_samples += samples.size

    async def _listen(self, block: npt.NDArray[np.int16]) -> None:
        if self._tones.in_tone or not np.any(np.abs(block.astype(np.int32)) > 100):
            speech = False  # nobody speaks in a tone or in silence: the model need not be asked
        else:
            unit = block.astype(np.float32) / np.float32(32768)
            speech = await self._services.activity.probability(self._vad, unit) >= 0.5
        if speech:
            after_pause = self.quiet_ms >= _SENTENCE_PAUSE_MS and self._new_speech == 0
            if self._speech_from is None or after_pause:  # a sentence of its own is recognised best by itself
                self._speech_from = self._heard_samples - block.size
            self._new_speech += block.size
            self._last_speech = self._heard_samples
        if self.busy or self.recognitions >= _MOST:
            return
        new_ms = self._new_speech * 1000 // self._rate
        pause = self.quiet_ms >= _PAUSE_MS
        # Where short speech is left to others, long speech has to be so much longer, too.
        enough = self._least_ms - _LEAST_MS + _EVERY_MS[min(self.recognitions, len(_EVERY_MS) - 1)]
        least = _TAIL_MS if self._mid_sentence else self._least_ms
        if (pause and new_ms >= least) or new_ms >= enough:
            self._begin(at_pause=pause)

    def _begin(self, *, at_pause: bool) -> None:
        assert self._speech_from is not None  # noqa: S101 - there was new speech
        start = self._speech_from - _BEFORE_MS * self._rate // 1000
        length = min(self._heard_samples - start, self._kept.size)
        audio = self._kept[-length:].astype(np.float32) / np.float32(32768)
        self._new_speech = 0
        self._mid_sentence = not at_pause
        self.recognitions += 1
        self._recognition = asyncio.create_task(self._recognise(audio, at_pause), name=f"announcement-{self._call_id}")
        self._recognition.add_done_callback(told_of_bugs)

    async def _recognise(self, audio: npt.NDArray[np.float32], at_pause: bool) -> None:
        found = await self._look_up(audio, "zh")
        foreign = found is not None and not self._services.matcher.network_speaks(read(found.text).syllables)
        if foreign and found is not None and not found.findings and at_pause and not self._answered and self.recognitions > 1:
            found = await self._look_up(audio, "en") or found  # the repeat in English, which carriers play
        if found is not None and found.text:
            quiet_since = self._new_speech * 1000 < _LEAST_MS * self._rate // 2
            self._on_words(replace(found, at_pause=at_pause, quiet_since=quiet_since))

    async def _look_up(self, audio: npt.NDArray[np.float32], language: str) -> Words | None:
        services = self._services
        try:  # without expected words: shown announcements, whisper hears one in every unclear sound
            hints = RecognitionHints(language=language)
            recognition = await services.recognition.recognise(audio, hints, priority=self._priority)
        except SpeechError as error:
            self.overloads += 1
            log.warning("announcement_not_recognised", call_id=self._call_id, error=error.code)
            return None
        texts = [each.text for each in recognition.alternatives[:_READINGS]] or [recognition.text]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(services.mind, looked_up, services.matcher, texts, self._answered)


def told_of_bugs(task: asyncio.Task[None]) -> None:
    """A listener that fails must not fail the call, but it must not go unnoticed either."""
    if not task.cancelled() and (bug := task.exception()) is not None:
        log.error("listener_failed", task=task.get_name(), exc_info=bug)


def looked_up(matcher: Matcher, texts: Sequence[str], answered: bool) -> Words:
    """What the catalogue knows of the likeliest readings of a recognition, the first preferred."""
    readings = [read(text).syllables for text in texts]
    best: dict[str, tuple[float, Finding]] = {}
    for rank, syllables in enumerate(readings):
        for finding in matcher.find(syllables, answered=answered):
            cost = finding.cost + rank * _LATER_READING
            if finding.kind.id not in best or cost < best[finding.kind.id][0]:
                best[finding.kind.id] = (cost, finding)
    ordered = sorted(best.values(), key=lambda item: (round(item[0], 2), -len(item[1].phrase.syllables)))
    longest = max((len(syllables) for syllables in readings), default=0)
    return Words(texts[0], tuple(finding for _, finding in ordered), at_pause=True, syllables=longest)
