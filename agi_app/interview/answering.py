"""Who answered: what is heard while it rings decides the attempt, and what is heard after the answer tells people from machines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import structlog

from agi_app.audio.tones import Tone, ToneDetector, ToneKind
from agi_app.dialogue.grammar.reading import read
from agi_app.interview.announcements import LineListener, LineServices, Words, heard_frames, looked_up, told_of_bugs
from agi_app.speech.worker import Priority
from agi_app.telephony.call import CallEnding
from agi_app.telephony.media.channel import MediaChannel
from agi_app.telephony.placed_call import PlacedCall
from agi_app.telephony.progress.catalogue import Meaning
from agi_app.telephony.progress.matching import Finding
from agi_app.telephony.progress.verdict import TONES, Conclusion, of_tone, of_words, with_ending
from hr_sync.records import Disposition, Turn

log = structlog.get_logger(__name__)

_LAST_WORDS_S = 3.0
"""The network may end the call with the last word of its announcement; it is still recognised within this."""
_WATCHED_MS = 30_000
"""After so much of the answered call whoever talks with us is no greeting."""
_HUMAN_TURNS = 2
"""Turns in which nothing of a machine was heard end the watch."""
_LONG_SPEECH_MS = 1600
"""Shorter speech after the answer is left to the conversation's own recognition."""


class EarlyMedia:
    """Listens while it rings, and ends the call as soon as what is heard says how the attempt ends.

    Args:
        call: placed, not answered yet.
        services: shared parts.
    """

    def __init__(self, call: PlacedCall, services: LineServices) -> None:
        self._call = call
        self._heard: Conclusion | None = None
        self._special = False
        self._decided = asyncio.Event()
        self._listener = LineListener(
            services,
            sample_rate=call.media.rate,
            call_id=call.id,
            answered=False,
            on_words=self._on_words,
            on_tone=self._on_tone,
        )
        self._task = asyncio.create_task(self._run(), name=f"early-media-{call.id}")
        self._task.add_done_callback(told_of_bugs)

    async def stop(self) -> None:
        """Somebody answered: what was heard before is no matter any more."""
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._listener.close()

    async def ended(self, ending: CallEnding) -> CallEnding:
        """The network, or we, ended the call: the ending with all that was heard taken into account."""
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                await asyncio.shield(asyncio.wait({self._task}))
        except TimeoutError:
            log.info("early_media_not_finished", call_id=self._call.id)
        finally:
            await self.stop()
        if ending.ended_by == "failure" or self._call.signalling.concluded is not None:
            return ending
        heard = self._heard or (of_tone(ToneKind.SPECIAL_INFORMATION) if self._special and ending.sip_code is None else None)
        if heard is None:
            return ending
        both = with_ending(heard, ending)
        return replace(ending, disposition=both.disposition, evidence=both.evidence)

    async def _run(self) -> None:
        async with aclosing(heard_frames(self._call.media)) as frames:
            async for frame in frames:
                await self._listener.take(np.frombuffer(frame, "<i2"))
                if self._heard is not None:
                    break
        if self._heard is None:
            await self._listener.finish()
        if self._heard is not None:
            log.info("early_media_decided", call_id=self._call.id, disposition=str(self._heard.disposition))
            await self._call.conclude(self._heard.disposition, self._heard.evidence)

    def _on_words(self, words: Words) -> None:
        finding = words.decisive
        if self._heard is None and finding is not None and finding.kind.meaning is not Meaning.SCREENING:
            self._heard = of_words(finding)

    def _on_tone(self, tone: Tone) -> None:
        if tone.kind is ToneKind.SPECIAL_INFORMATION:
            self._special = True  # words follow
        elif self._heard is None and str(tone.kind) in TONES:
            self._heard = of_tone(str(tone.kind))


class Machine(Enum):
    """What answered in a person's place."""

    RECORDING = "recording"
    """A voicemail greeting or an announcement: nobody will talk."""
    ASSISTANT = "assistant"
    """Asks who calls and why."""


@dataclass(frozen=True, slots=True)
class MachineFound:
    """A machine answered."""

    machine: Machine
    finding: Finding

    @property
    def conclusion(self) -> Conclusion:
        """What a recording comes to."""
        return of_words(self.finding, answered=True)


class AnswerWatch:
    """Watches the first half minute of an answered call for machines, beside the conversation.

    Long speech is recognised here, at the lowest priority; what the conversation recognised is told by `turn`, so that nothing is
    recognised twice. People hear nothing of it.

    Args:
        media: the call's audio.
        services: shared parts; None: nothing is watched.
        call_id: for the log.
    """

    def __init__(self, media: MediaChannel, services: LineServices | None, call_id: str) -> None:
        self.found: asyncio.Future[MachineFound] = asyncio.get_running_loop().create_future()
        """A machine answered; never set when a person did."""
        self._media = media
        self._services = services
        self._turns = 0
        self._samples: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=250)
        self._active = services is not None
        self._screened = False
        if services is not None:
            self._listener = LineListener(
                services,
                sample_rate=media.rate,
                call_id=call_id,
                answered=True,
                on_words=self._on_words,
                on_tone=lambda _: None,
                least_ms=_LONG_SPEECH_MS,
            )

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """The candidate's audio, for the ear, watched as it goes by."""
        async with aclosing(self._media.frames()) as frames:
            async for frame in frames:
                if self._active and not self._samples.full():  # an ear never waits; what is too much is not watched
                    self._samples.put_nowait(frame)
                yield frame

    async def run(self) -> None:
        """Watch until it is known who answered."""
        if self._services is None:
            return
        try:
            while self._active and self._listener.now_ms < _WATCHED_MS and (frame := await self._samples.get()) is not None:
                await self._listener.take(np.frombuffer(frame, "<i2"))
        finally:
            self._active = False
            await self._listener.close()

    def again(self) -> None:
        """An assistant was answered: from now on a person may come, or a recording."""
        self.found = asyncio.get_running_loop().create_future()
        self._screened = True

    def turn(self, turn: Turn) -> None:
        """The conversation recognised what was said."""
        if not self._active or self._services is None or turn.interrupted:
            return
        words = looked_up(self._services.matcher, [turn.text], True)
        self._on_words(words)
        self._turns += not words.findings
        if self._turns >= _HUMAN_TURNS:
            self._active = False

    def _on_words(self, words: Words) -> None:
        finding = words.decisive
        if finding is None or self.found.done() or not self._active:
            return
        if finding.kind.meaning is Meaning.SCREENING:
            if not self._screened:
                self.found.set_result(MachineFound(Machine.ASSISTANT, finding))
            return
        self.found.set_result(MachineFound(Machine.RECORDING, finding))


class Screened(Enum):
    """What came of an assistant's question who calls and why."""

    PERSON = "person"
    NOTE_TAKEN = "note_taken"
    NOBODY = "nobody"
    HUNG_UP = "hung_up"


SCREENED_AS: dict[Screened, Disposition] = {
    Screened.NOTE_TAKEN: Disposition.VOICEMAIL,
    Screened.NOBODY: Disposition.NO_ANSWER,
    Screened.HUNG_UP: Disposition.REJECTED,
}
"""How the attempt ends where the assistant did not put us through."""
_NOBODY_MS = 20_000
_SCREENING_MS = 60_000


async def after_screening(media: MediaChannel, services: LineServices, call_id: str, on_text: Callable[[str], None]) -> Screened:
    """Listen to what follows our answer to an assistant, for a minute at most.

    Args:
        on_text: told of what was heard.
    """
    outcome: list[Screened] = []

    def hear(words: Words) -> None:
        on_text(words.text)
        recorded = words.findings and words.findings[0].kind.meaning in (Meaning.ANNOUNCEMENT, Meaning.VOICEMAIL)
        if recorded or services.matcher.takes_note(read(words.text).syllables):
            outcome.append(Screened.NOTE_TAKEN)
        elif not words.findings:
            outcome.append(Screened.PERSON)

    listener = LineListener(
        services,
        sample_rate=media.rate,
        call_id=call_id,
        answered=True,
        on_words=hear,
        on_tone=lambda _: None,
        priority=Priority.LIVE,
    )
    try:
        async with aclosing(heard_frames(media)) as frames:
            async for frame in frames:
                await listener.take(np.frombuffer(frame, "<i2"))
                if outcome:
                    return outcome[0]
                if listener.quiet_ms > _NOBODY_MS or listener.now_ms > _SCREENING_MS:
                    return Screened.NOBODY
        await listener.finish()
        return outcome[0] if Screened.NOTE_TAKEN in outcome else Screened.HUNG_UP
    finally:
        await listener.close()


_BEEP_WAIT_MS = 20_000
_BEEP_QUIET_MS = 2_500


async def until_beep(media: MediaChannel) -> None:
    """Wait for a voicemail's beep, or for the quiet behind a greeting that has none; not for ever."""
    detector = ToneDetector(media.rate)
    heard_ms = quiet_ms = 0
    async with aclosing(heard_frames(media)) as frames:
        async for frame in frames:
            samples = np.frombuffer(frame, "<i2")
            length_ms = samples.size * 1000 // media.rate
            heard_ms += length_ms
            quiet_ms = 0 if np.abs(samples.astype(np.int32)).max(initial=0) > _QUIET_PEAK else quiet_ms + length_ms
            beep = any(tone.kind is ToneKind.BEEP for tone in detector.feed(samples))
            if beep or heard_ms > _BEEP_WAIT_MS or quiet_ms > _BEEP_QUIET_MS:
                return


_QUIET_PEAK = 300
"""Of 32768; a greeting's pauses lie below."""
