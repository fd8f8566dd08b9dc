"""The emergency voice: eSpeak NG as a program. Robotic, but it needs no model and hardly any time."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np

from agi_app.errors import ModelError, SynthesisError
from agi_app.speech.tts.lexicon import Lexicon
from agi_app.speech.tts.mastering import master
from agi_app.speech.tts.normalise import normalise
from agi_app.speech.tts.pinyin import Syllable, read
from agi_app.speech.tts.protocol import Pcm

_TIMEOUT_S = 5.0
_WORDS_A_MINUTE = 170
_HEADER = 44
"""Bytes of the WAV header eSpeak writes; the length fields in it are not filled when it writes to a pipe."""
_RATE = 22_050


class EspeakVoice:
    """`espeak-ng -v cmn-latn-pinyin`; fed with pinyin of our own front end, since plain `cmn` reads hanzi as English."""

    def __init__(self, lexicon: Lexicon, *, sample_rate: int = 8000) -> None:
        self.name = "espeak/cmn"
        self.version = f"1-{lexicon.digest}"
        self.sample_rate = sample_rate
        self._lexicon = lexicon

    def load(self) -> None:
        """Check that the program is there. Raises ModelError."""
        if shutil.which("espeak-ng") is None:
            raise ModelError(
                "the fallback voice is not installed",
                where="espeak-ng",
                remedy="apt-get install espeak-ng, or set voice.fallback to an empty text",
            )

    def speak(self, text: str, *, rate: float = 1.0) -> Pcm:
        """Synthesise one clause. Raises SynthesisError."""
        syllables = read(normalise(text).text, self._lexicon)
        if not syllables:
            raise SynthesisError("the clause holds nothing that can be spoken", remedy="correct the wording")
        command = ["espeak-ng", "-v", "cmn-latn-pinyin", "-s", str(round(_WORDS_A_MINUTE * rate)), "--stdin", "--stdout"]
        try:
            done = subprocess.run(command, input=_pinyin(syllables).encode(), capture_output=True, timeout=_TIMEOUT_S, check=True)
        except FileNotFoundError as error:
            raise SynthesisError("the fallback voice is not installed", remedy="apt-get install espeak-ng") from error
        except subprocess.TimeoutExpired as error:
            raise SynthesisError(f"espeak-ng did not finish within {_TIMEOUT_S:g} s") from error
        except subprocess.CalledProcessError as error:
            raise SynthesisError(f"espeak-ng ended with status {error.returncode}") from error
        wave = np.frombuffer(done.stdout[_HEADER : _HEADER + (len(done.stdout) - _HEADER) // 2 * 2], "<i2")
        return master(wave.astype(np.float32) / np.float32(32768), _RATE, target_rate=self.sample_rate)


def _pinyin(syllables: list[Syllable]) -> str:
    """`nin2 hao3, qing3 wen4 …`; eSpeak writes ü as ü."""
    return " ".join(
        f"{syllable.sound.replace('v', 'ü')}{'r' if syllable.erhua else ''}{syllable.tone}{',' if syllable.pause == 3 else ''}"
        for syllable in syllables
    )
