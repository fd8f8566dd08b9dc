"""Announcements and pick-ups for tests: made from the manifests in tests/data/announcements, never recorded, and kept once made."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import yaml

from agi_app.audio.tones import Tone
from agi_app.config import Settings
from agi_app.interview.announcements import LineListener, LineServices, Words
from agi_app.simulate.line import Mouthpiece, Pcm
from agi_app.simulate.persona import Line
from agi_app.simulate.voice import shaped
from agi_app.speech.registry import model_store, voice
from agi_app.speech.tts.clauses import clauses
from agi_app.speech.tts.normalise import normalise

RATE = 8000
DATA = Path(__file__).parent / "data" / "announcements"
MADE_BY = "4"
FRAME = 160
TAIL_MS = 4000
NOISE_RNG = 5
RECOGNITION_MS = 600
"""On two quiet cores one takes 430 ms in the median."""


@dataclass(frozen=True)
class Sample:
    """One piece of audio and what it must be taken for."""

    id: str
    expected: str
    """A disposition, `screening`, `human`, or `nothing`."""
    answered: bool
    spec: dict[str, Any] = field(hash=False)


def announcements() -> list[Sample]:
    data = yaml.safe_load((DATA / "announcements.yaml").read_text("utf-8"))
    voices, lines = data["voices"], data["lines"]
    turns = itertools.count()
    found: list[Sample] = []

    def add(
        expected: str, says: dict[str, Any], *, answered: bool, variants: int = 2, engine: dict[str, Any] | None = None
    ) -> None:
        for _ in range(variants):
            turn = next(turns)
            if engine and engine["engine"].startswith("espeak"):
                spec = {**says, "voice": engine, "line": {"codec": "alaw", "snr_db": 25, "before": "ringback"}}
                found.append(Sample(f"{len(found):03d}-{expected}", expected, answered, spec))
                continue
            line = dict(lines[(turn + turn // len(lines)) % len(lines)])
            if answered:
                line["before"] = "pickup"
            spec = {**says, "voice": engine or voices[turn % len(voices)], "line": line}
            found.append(Sample(f"{len(found):03d}-{expected}", expected, answered, spec))

    for expected, texts in data["ringing"].items():
        for says in texts:
            add(expected, says, answered=False)
    for expected, texts in data["answered"].items():
        for says in texts:
            add(expected, says, answered=True)
    for item in data["english_only"]:
        add(item["expected"], {"says": item["says"]}, answered=False, variants=1, engine={"engine": "espeak-en"})
    for item in data["nothing"]:
        add("nothing", item, answered=False, variants=1)
    return found


def pickups() -> list[Sample]:
    data = yaml.safe_load((DATA / "announcements.yaml").read_text("utf-8"))
    voices, lines = data["voices"], data["lines"]
    texts = yaml.safe_load((DATA / "pickups.yaml").read_text("utf-8"))["says"]
    made = []
    for turn in range(2 * len(texts)):
        line = {**lines[(turn + turn // len(lines)) % len(lines)], "before": "pickup"}
        spec = {"says": texts[turn % len(texts)], "voice": voices[(turn * 3 + turn // len(texts)) % len(voices)], "line": line}
        made.append(Sample(f"human-{turn:03d}", "human", answered=True, spec=spec))
    made += [Sample(f"human-quiet-{n}", "human", answered=True, spec={"silence_s": 8, "line": {"snr_db": n}}) for n in (10, 20, 40)]
    return made


class Maker:
    """Makes samples; what was made is kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.state / "cache" / "announcements"
        self._voices: dict[str, Any] = {}

    def audio(self, sample: Sample) -> tuple[Pcm, int]:
        """The sample's audio (8 kHz), and where its decisive words end, in milliseconds."""
        key = hashlib.sha256(json.dumps([MADE_BY, sample.spec], sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:24]
        path = self._folder / f"{key}.wav"
        note = path.with_suffix(".json")
        if not note.exists():
            audio, end_ms = self._make(sample.spec)
            self._folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, audio, RATE, subtype="PCM_16")
            note.write_text(json.dumps({"end_ms": end_ms}))
        audio, _ = soundfile.read(path, dtype="int16")
        return audio, json.loads(note.read_text())["end_ms"]

    def _make(self, spec: dict[str, Any]) -> tuple[Pcm, int]:
        line = dict(spec.get("line", {}))
        before, codec, gain = line.pop("before", "silence"), line.pop("codec", "alaw"), line.pop("gain_db", 0)
        if "music_s" in spec:
            return _companded(_music(spec["music_s"]), codec), 0
        if "ringback_s" in spec:
            return _companded(np.concatenate([_ringback()] * 3)[: spec["ringback_s"] * RATE], codec), 0
        if "silence_s" in spec:
            return _companded(_on_line(_quiet(1000 * spec["silence_s"]), line, gain), codec), 0
        words = self._spoken(spec["says"], spec["voice"], gain)
        lead = _lead(before)
        end_ms = (lead.size + words.size) * 1000 // RATE
        parts = [lead, words, _quiet(600)]
        if "then" in spec:
            parts += [self._spoken(spec["then"], {"engine": "espeak-en"}, gain), _quiet(600)]
        if before != "pickup":
            parts += [words, _quiet(600)]  # networks say it over and over
        whole = np.concatenate([*parts, _quiet(TAIL_MS)])
        return _companded(_on_line(whole, line, gain), codec), end_ms

    def _spoken(self, text: str, shape: dict[str, Any], gain_db: float) -> Pcm:
        engine = shape["engine"]
        if engine == "espeak-en":
            run = subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", text], capture_output=True, check=True)
            wide = np.frombuffer(run.stdout[44:], "<i2").astype(np.float32)
            audio = np.asarray(soxr.resample(wide, 22_050, RATE)).astype(np.int16)
        else:
            audio = np.concatenate([self._voice(engine).speak(part, rate=1.2) for part in clauses(normalise(text).text)])
        return shaped(audio, semitones=shape.get("semitones", 0), rate=shape.get("rate", 1), gain_db=gain_db)

    def _voice(self, engine: str) -> Any:
        if engine not in self._voices:
            self._voices[engine] = voice(engine, self._settings, model_store(self._settings))
            self._voices[engine].load()
        return self._voices[engine]


def _quiet(ms: int) -> Pcm:
    return np.zeros(ms * RATE // 1000, np.int16)


def _sine(hertz: float, ms: int, dbov: float = -23) -> Pcm:
    times = np.arange(ms * RATE // 1000) / RATE
    return (32767 * 10 ** (dbov / 20) * np.sqrt(2) * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def _ringback() -> Pcm:
    return np.concatenate([_sine(450, 1000), _quiet(4000)])


def _music(seconds: int) -> Pcm:
    mouth = Mouthpiece(Line(snr_db=0, noise="music"), seed=NOISE_RNG)
    return np.concatenate([mouth(_quiet(20), _quiet(20)) for _ in range(seconds * 50)])


def _lead(before: str) -> Pcm:
    match before:
        case "ringback":
            return np.concatenate([_ringback(), _sine(450, 1000), _quiet(700)])
        case "special_information":
            return np.concatenate([_quiet(400), _sine(950, 330), _sine(1400, 330), _sine(1800, 330), _quiet(500)])
        case "music":
            return np.concatenate([_music(4), _quiet(300)])
        case _:
            return _quiet(600)


def _on_line(audio: Pcm, line: dict[str, Any], gain_db: float) -> Pcm:
    mouth = Mouthpiece(Line.model_validate(line), gain_db=gain_db, seed=NOISE_RNG)
    padded = np.concatenate([audio, np.zeros(-audio.size % FRAME, np.int16)])
    return np.concatenate([mouth(frame, frame) for frame in padded.reshape(-1, FRAME)])


def _companded(audio: Pcm, codec: str) -> Pcm:
    """Through G.711 and back, by its continuous laws (A 87.6, μ 255) with 8 bits."""
    x = audio / 32768
    size = np.abs(x)
    if codec == "alaw":
        a = 1 + np.log(87.6)
        y = np.where(size < 1 / 87.6, 87.6 * size / a, (1 + np.log(np.maximum(87.6 * size, 1))) / a)
        y = (np.floor(y * 127) + 0.5) / 127
        back = np.where(y < 1 / a, y * a / 87.6, np.exp(y * a - 1) / 87.6)
    else:
        y = np.round(np.log1p(255 * size) / np.log(256) * 127) / 127
        back = (256**y - 1) / 255
    return np.clip(np.sign(x) * back * 32767, -32768, 32767).astype(np.int16)


@dataclass
class Heard:
    """What a listener made of a sample."""

    verdict: str
    after_words_ms: int | None
    texts: list[str]
    recognitions: int


async def listen(services: LineServices, audio: Pcm, *, answered: bool, end_ms: int) -> Heard:
    """Play audio to a listener and return the first verdict. A recognition takes `RECOGNITION_MS` of audio, however busy the
    machine is that runs the test."""
    texts: list[str] = []
    verdicts: list[str] = []

    def on_words(words: Words) -> None:
        texts.append(words.text)
        finding = words.decisive
        if finding is not None and (answered or finding.kind.disposition):
            verdicts.append(str(finding.kind.disposition or finding.kind.meaning))

    def on_tone(_: Tone) -> None:
        pass

    listener = LineListener(services, sample_rate=RATE, call_id="sample", answered=answered, on_words=on_words, on_tone=on_tone)
    since_ms = 0
    for start in range(0, audio.size, FRAME):
        await listener.take(audio[start : start + FRAME])
        if verdicts:
            break
        since_ms = since_ms + 20 if listener.busy else 0
        if since_ms >= RECOGNITION_MS:
            await listener.settle()
            since_ms = 0
    if not verdicts:
        await listener.finish()
    after = listener.now_ms - end_ms if verdicts else None
    await listener.close()
    return Heard(verdicts[0] if verdicts else ("human" if answered else "nothing"), after, texts, listener.recognitions)


def subset(samples: list[Sample], count: int) -> Iterator[Sample]:
    """Evenly spread over the list."""
    return (samples[index * len(samples) // count] for index in range(count))


def executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="mind")
