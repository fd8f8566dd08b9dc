"""One call's voice: says a prompt, holds when somebody speaks, goes on or gives way, and knows what was really heard."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from agi_app.audio.turn_values import PausePrompt, ResumePrompt, StopPrompt, TurnOver
from agi_app.dialogue.reply import Prompt
from agi_app.interview.events import Interrupted, PromptEnded, PromptStarted
from agi_app.interview.hearing import Ear, Key, PlaybackDone, Signal
from agi_app.interview.notes import CallNotes
from agi_app.interview.utterance import Counted, heard_part
from agi_app.speech.tts.service import SpeechService
from agi_app.telephony.media.channel import MediaChannel
from agi_app.telephony.media.playback import Playback
from hr_sync.records import Speaker, Turn


@dataclass(frozen=True, slots=True)
class Said:
    """How a prompt ended."""

    text: str
    """What of it was heard."""
    whole: bool
    """False when the candidate took the word."""


class Mouth:
    """Says prompts one after the other.

    Args:
        on_first_audio: told the loop's time when a prompt's first sound leaves.
        on_other: gets what comes out of the inbox meanwhile and is not about the prompt; early answers among it.
    """

    def __init__(
        self,
        *,
        ear: Ear,
        media: MediaChannel,
        speech: SpeechService,
        notes: CallNotes,
        group: asyncio.TaskGroup,
        on_first_audio: Callable[[float], None],
        on_other: Callable[[Signal], None],
    ) -> None:
        self._ear = ear
        self._media = media
        self._speech = speech
        self._notes = notes
        self._group = group
        self._on_first_audio = on_first_audio
        self._on_other = on_other
        self._serials = itertools.count(1)
        self.speaking = False

    async def say(self, prompt: Prompt, question: str | None) -> Said:
        """Say one prompt until it was heard or the candidate took the word.

        Raises SynthesisError when it cannot be spoken, MediaError when the line is gone; what was heard is written down first.
        """
        source = Counted(self._speech.stream(prompt.text, rate=prompt.rate))
        playback = self._media.play(source)
        self.speaking = True
        serial = next(self._serials)
        watcher = self._group.create_task(self._watch(playback, serial))
        start_ms = self._ear.now_ms()
        heard_ms, finished = 0, False
        try:
            started = await playback.first_audio
            if started is not None:
                start_ms = self._ear.now_ms()
                self._ear.prompt_started(interruptible=prompt.interruptible)
                self._notes.publish(PromptStarted(self._notes.call_id, prompt.id, str(prompt.kind), prompt.text, question))
                self._on_first_audio(started)
            gave_way = not await self._until_said(prompt, playback, serial)
            end = await playback.wait()
            heard_ms, finished = end.heard_ms, end.finished
        except asyncio.CancelledError:
            heard_ms = playback.heard_ms()
            raise
        finally:
            watcher.cancel()
            self.speaking = False
            text = self._written_down(prompt, question, start_ms, heard_ms, source, whole=finished)
        self._ear.prompt_ended()
        if end.error is not None:
            raise end.error
        return Said(text, whole=not gave_way)

    def _written_down(
        self, prompt: Prompt, question: str | None, start_ms: int, heard_ms: int, source: Counted, *, whole: bool
    ) -> str:
        """What was heard of a prompt is part of the transcript."""
        total_ms = 1000 * source.bytes // (2 * self._media.rate) if source.complete else None
        text = prompt.text if whole else heard_part(prompt.text, heard_ms, total_ms)
        cut = text != prompt.text
        if text:
            self._notes.turn(
                Turn(
                    who=Speaker.SYSTEM,
                    text=text,
                    start_ms=start_ms,
                    end_ms=start_ms + heard_ms,
                    interrupted=cut,
                    question=question,
                )
            )
        self._notes.publish(PromptEnded(self._notes.call_id, prompt.id, str(prompt.kind), heard_ms, cut))
        return text

    async def _watch(self, playback: Playback, serial: int) -> None:
        await playback.wait()
        self._ear.inbox.put_nowait(PlaybackDone(serial))

    async def _until_said(self, prompt: Prompt, playback: Playback, serial: int) -> bool:
        """Follow the inbox while a prompt plays; True when it was heard to its end."""
        paused_at = 0.0
        loop = asyncio.get_running_loop()
        while True:
            signal = await self._ear.inbox.get()
            match signal:
                case PlaybackDone(serial=done) if done == serial:
                    return True
                case PausePrompt():
                    await playback.pause()
                    paused_at = loop.time()
                case ResumePrompt():
                    await playback.resume()
                    self._notes.metrics.resumed(1000 * (loop.time() - paused_at))
                    self._notes.publish(Interrupted(self._notes.call_id, prompt.id, stopped=False))
                case StopPrompt():
                    await playback.stop()
                    self._notes.metrics.interruptions += 1
                    self._notes.publish(Interrupted(self._notes.call_id, prompt.id, stopped=True))
                    return False
                case TurnOver() | Key() if prompt.interruptible or isinstance(signal, TurnOver):
                    self._on_other(signal)
                    await playback.stop()
                    return False
                case _:
                    self._on_other(signal)
