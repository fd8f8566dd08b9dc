"""A persona's lines made ready before its call: synthesised or recorded, shaped, with exact pauses, kept on disk.

Companding to μ-law or A-law is left to the phone's codec: it happens on the wire.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr

from agi_app.simulate.brain import MANNERS
from agi_app.simulate.handset import PICKUP
from agi_app.simulate.line import SAMPLE_RATE, Pcm
from agi_app.simulate.persona import Pause, Persona, VoiceShape
from agi_app.simulate.plan import Utterance
from agi_app.simulate.voice import shaped
from hr_sync.errors import InvalidDataError

Synthesise = Callable[[str], Awaitable[Pcm]]
"""Text in, speech out: int16, mono, 8 kHz. Raises SynthesisError."""

_MADE_BY = "1"
"""Changed when shaping changes, so that lines kept from before are made anew."""


def line_name(text: str) -> str:
    """File name, without `.wav`, of a recorded line: the SHA-1 of its text in UTF-8."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Utterances:
    """Makes lines, and keeps them.

    Args:
        synthesise: the voice.
        voice_name: which voice that is; lines of another one are not taken from the disk.
        folder: where lines are kept.
    """

    def __init__(self, synthesise: Synthesise, *, voice_name: str, folder: Path) -> None:
        self._synthesise = synthesise
        self._voice_name = voice_name
        self._folder = folder

    async def render(self, persona: Persona) -> dict[str, Utterance]:
        """All lines of a persona, by their keys.

        Raises:
            InvalidDataError: a recorded line is missing or cannot be used.
            SynthesisError: the voice cannot say a line.
        """
        wanted: dict[str, tuple[str, Pause | None]] = {}
        for number, turn in enumerate(persona.turns):
            if turn.say:
                wanted[f"turn.{number}"] = (turn.say, turn.pause)
        for kind, lines in (("interrupt", persona.interrupts), ("backchannel", persona.backchannels)):
            wanted |= {f"{kind}.{number}": (line.say, None) for number, line in enumerate(lines)}
        if persona.pickup.says:
            wanted[PICKUP] = (persona.pickup.says, None)
        if persona.polite and persona.voice.audio is None:
            wanted |= {f"manners.{name}": (text, None) for name, text in MANNERS.items()}
        return {key: await self._line(key, text, pause, persona) for key, (text, pause) in wanted.items()}

    async def _line(self, key: str, text: str, pause: Pause | None, persona: Persona) -> Utterance:
        path = self._folder / f"{self._kept_as(text, pause, persona.voice)}.wav"
        pauses = path.with_suffix(".json")
        if not (path.exists() and pauses.exists()):
            audio, silences = await self._make(text, pause, persona)
            await asyncio.to_thread(_keep, path, audio, silences)
        samples, silences = await asyncio.to_thread(_kept, path)
        return Utterance(key=key, text=text, wav=path, duration_ms=samples * 1000 // SAMPLE_RATE, pauses=silences)

    def _kept_as(self, text: str, pause: Pause | None, voice: VoiceShape) -> str:
        source = "recorded" if voice.audio else self._voice_name
        parts = [_MADE_BY, source, text, voice.model_dump_json(), pause.model_dump_json() if pause else None]
        if voice.audio:
            parts += [_stamp(voice.audio / f"{line_name(part)}.wav") for part in _parts(text, pause)]
        return hashlib.sha1(json.dumps(parts).encode(), usedforsecurity=False).hexdigest()

    async def _make(self, text: str, pause: Pause | None, persona: Persona) -> tuple[Pcm, tuple[tuple[int, int], ...]]:
        voice = persona.voice
        made: list[Pcm] = []
        for part in _parts(text, pause):
            audio = await asyncio.to_thread(_recorded, voice.audio, part, persona) if voice.audio else await self._synthesise(part)
            gain, pitch, rate = voice.gain_db, voice.semitones, voice.rate
            shape = await asyncio.to_thread(shaped, audio, semitones=pitch, rate=rate, gain_db=gain)
            if shape.size == 0:
                raise InvalidDataError("a line holds no sound", where=f"{persona.source or persona.id}: {part}")
            made.append(shape)
        if pause is None:
            return made[0], ()
        start = made[0].size * 1000 // SAMPLE_RATE
        silence = np.zeros(pause.ms * SAMPLE_RATE // 1000, dtype=np.int16)
        return np.concatenate([made[0], silence, made[1]]), ((start, start + pause.ms),)


def _parts(text: str, pause: Pause | None) -> tuple[str, ...]:
    """The line in one, or in the two parts its pause makes."""
    if pause is None:
        return (text,)
    first, after, rest = text.partition(pause.after)
    return (first + after, rest.lstrip("，、。 ,"))


def _stamp(path: Path) -> str:
    return str(path.stat().st_mtime_ns) if path.exists() else "missing"


def _recorded(folder: Path, text: str, persona: Persona) -> Pcm:
    path = folder / f"{line_name(text)}.wav"
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:  # soundfile's errors are RuntimeErrors
        raise InvalidDataError(
            f"no usable recording of the line “{text}”: {error}",
            where=f"{persona.source or persona.id}",
            remedy=f"record it as {path}",
        ) from error
    mono = audio.mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    samples: Pcm = np.rint(np.clip(mono, -1, 1) * 32767).astype(np.int16)
    return samples


def _keep(path: Path, audio: Pcm, silences: tuple[tuple[int, int], ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    soundfile.write(part, audio, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    part.replace(path)
    path.with_suffix(".json").write_text(json.dumps(silences), encoding="utf-8")


def _kept(path: Path) -> tuple[int, tuple[tuple[int, int], ...]]:
    silences = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return soundfile.info(path).frames, tuple((first, last) for first, last in silences)
