"""The ear of a call: frames from the line in, turn-taking actions out, with the audio kept until it is recognised.

The frames are read as they come and never wait for the model. Audio time follows real time: where the line delivers nothing for a
while (loss, a phone that sends nothing in silence), silence is filled in, so that limits counted in audio still run out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agi_app.audio.activity import ActivityRules, SpeechActivity
from agi_app.audio.echo import EchoDetector
from agi_app.audio.turn import TurnTaker
from agi_app.audio.turn_values import SilenceOver, Span, TurnAction, TurnRules, Verdict
from agi_app.interview.voice_activity import VoiceActivity

FILL_AFTER_S = 0.2
"""So much audio may be missing before silence is filled in; a jitter buffer's delay must fit in."""
_CLEAR = 0.85
"""Probability of speech that leaves no doubt, on a line without an echo: a clear voice has it in its first 32 or 64 ms."""
KEEP_S = 120
"""Audio kept for recognition; longer than the longest turn."""


@dataclass(frozen=True, slots=True)
class Key:
    """The candidate pressed a key."""

    key: str


@dataclass(frozen=True, slots=True)
class PlaybackDone:
    """Our voice came to the end of prompt number `serial`."""

    serial: int


@dataclass(frozen=True, slots=True)
class LineEnded:
    """Nothing more will be heard; everything that was heard has been told."""


Signal = TurnAction | Key | PlaybackDone | LineEnded


class Ear:
    """Hears one call.

    Args:
        frames: 16-bit mono PCM, any length a frame, from the moment of the answer.
        voice: the shared voice activity detector.
        rules: turn-taking limits.
        activity: limits of what counts as the candidate's speech.
        busy: whether a recognition would have to wait now.
    """

    def __init__(
        self,
        frames: AsyncIterator[bytes],
        voice: VoiceActivity,
        rules: TurnRules,
        activity: ActivityRules | None = None,
        *,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._frames = frames
        self._voice = voice
        self._busy = busy
        self._speech = SpeechActivity(activity)
        self._echo = EchoDetector(rules.sample_rate)
        self._rate = rules.sample_rate
        self._turn = TurnTaker(rules)
        self._blocks: asyncio.Queue[npt.NDArray[np.int16] | None] = asyncio.Queue()
        self._kept = np.zeros(KEEP_S * self._rate, np.int16)
        self._received = 0
        self._began_s = 0.0
        self.inbox: asyncio.Queue[Signal] = asyncio.Queue()
        """What the conversation has to react to, in order."""
        self.filled_ms = 0
        """Audio that never came and was taken as silence."""
        self.echo_ms = 0
        """Speech that was our own, coming back."""

    async def run(self) -> None:
        """Listen until the line closes."""
        self._began_s = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            filler = group.create_task(self._fill())
            group.create_task(self._listen())
            async for frame in self._frames:
                self._take(np.frombuffer(frame, "<i2"))
            filler.cancel()
            self._blocks.put_nowait(None)
        self._post(self._turn.line_ended())
        self.inbox.put_nowait(LineEnded())

    @property
    def candidate_speaking(self) -> bool:
        """True from an onset to the end of the turn."""
        return self._turn.candidate_speaking

    def milliseconds(self, sample: int) -> int:
        """Time of a sample since the answer."""
        return sample * 1000 // self._rate

    def loop_time(self, sample: int) -> float:
        """When a sample was on the line, in the loop's time, as near as arrival tells."""
        return self._began_s + sample / self._rate

    def now_ms(self) -> int:
        """Audio time since the answer."""
        return self.milliseconds(self._received)

    def audio(self, span: Span) -> npt.NDArray[np.float32]:
        """The samples of a span in [-1, 1], shape [n]."""
        start = max(span.start, self._received - len(self._kept), 0)
        indices = np.arange(start, max(start, min(span.end, self._received))) % len(self._kept)
        return _unit(self._kept[indices])

    def prompt_started(self, *, interruptible: bool) -> None:
        """Our voice is heard from now on."""
        self._post(self._turn.prompt_started(interruptible=interruptible))

    def prompt_ended(self) -> None:
        """Our voice is no longer heard."""
        self._post(self._turn.prompt_ended())

    def expect(self, *, silence_ms: int, patience_ms: int | None) -> None:
        """The turn is the candidate's."""
        self._post(self._turn.expect(silence_ms=silence_ms, patience_ms=patience_ms))

    def candidate(self, at_s: float, pcm: bytes) -> None:
        """A media tap's half; the candidate's audio comes as frames."""

    def ours(self, at_s: float, pcm: bytes) -> None:
        """Audio of ours was played from `at_s` on (the loop's time)."""
        position = round((at_s - self._began_s) * self._rate)
        if position >= 0:
            self._echo.played(position, _unit(np.frombuffer(pcm, "<i2")))

    def recognised(self, recognition: int, verdict: Verdict) -> None:
        """Report the verdict on a recognition that was asked for."""
        if verdict not in (Verdict.EMPTY, Verdict.BACKCHANNEL):
            self._speech.understood()
        self._post(self._turn.recognised(recognition, verdict))

    def _post(self, actions: list[TurnAction]) -> None:
        for action in actions:
            if isinstance(action, SilenceOver):
                self._speech.nothing_said()
            self.inbox.put_nowait(action)

    def _take(self, samples: npt.NDArray[np.int16]) -> None:
        indices = np.arange(self._received, self._received + len(samples)) % len(self._kept)
        self._kept[indices] = samples
        self._received += len(samples)
        self._blocks.put_nowait(samples)

    async def _fill(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(FILL_AFTER_S / 2)
            missing = int((loop.time() - self._began_s - FILL_AFTER_S) * self._rate) - self._received
            if missing > 0:
                self.filled_ms += self.milliseconds(missing)
                self._take(np.zeros(missing, np.int16))

    async def _listen(self) -> None:
        stream = self._voice.model.stream()
        size = self._voice.model.block_samples
        waiting = np.zeros(0, np.int16)
        position = 0
        while (samples := await self._blocks.get()) is not None:
            waiting = np.concatenate((waiting, samples))
            while len(waiting) >= size:
                block, waiting = waiting[:size], waiting[size:]
                position += size
                sound = _unit(block)
                probability = await self._voice.probability(stream, sound)
                speech = self._is_speech(sound, probability, position)
                clear = speech and probability >= _CLEAR and not self._echo.delays
                self._post(self._turn.hear(speech, size, clear=clear, busy=self._busy()))

    def _is_speech(self, block: npt.NDArray[np.float32], probability: float, position: int) -> bool:
        self._echo.heard(block)
        if not self._speech.is_speech(block, probability):
            return False
        if self._echo.is_echo(position):
            self.echo_ms += self.milliseconds(block.size)
            return False
        return True


def _unit(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(32768)
