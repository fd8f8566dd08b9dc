"""What whisper makes up when nothing was said, and how it is told from speech. Pure functions.

Whisper was trained on subtitles: on silence, noise and clipped audio it writes subtitle credits, repeats its prompt, or runs in a
loop. Each guard names what it caught, so that the caller can count it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_CREDITS = (
    "字幕",
    "订阅",
    "点赞",
    "打赏",
    "明镜",
    "点点栏目",
    "谢谢观看",
    "感谢观看",
    "谢谢收看",
    "感谢收看",
    "谢谢大家观看",
    "下期再见",
    "下集再见",
    "优优独播剧场",
    "未经许可",
    "不得翻唱",
    "Amara.org",
    "Thanks for watching",
    "Thank you for watching",
    "Subtitles by",
)
"""Subtitle credits: never part of a telephone interview."""

MAX_SYLLABLES_A_SECOND = 11.0
"""Fast Mandarin has 7 to 8 syllables a second (Pellegrino et al. 2011: 5.2 on average); beyond this the text was not spoken."""
_SPARE_SYLLABLES = 4

UNINTELLIGIBLE_LOG_PROB = -1.6
"""Below this the text is a guess that shares nothing with the sound; clear speech lies above -0.6, noisy speech above -1.2."""
ECHO_LOG_PROB = -0.9
"""What was really said and stands in the prompt is decoded surer than anything else; what whisper only repeats is not."""

NO_SPEECH_PROB = 0.6
UNSURE_LOG_PROB = -1.0
"""OpenAI's own rule for whisper: no speech when both bounds are passed."""

_QUIET_DB = -60.0
"""Level of a block below which nothing was said on a telephone line."""
_STEADY_DB = 3.0
"""Levels of 20 ms blocks of stationary noise lie within 2 dB of each other, those of speech spread over more than 20."""

_PUNCTUATION = re.compile(r"[\s，。？！、；：,.?!;:…·\-—~\"'“”‘’()（）]+")
_REPEATED = re.compile(r"^(.+?)\1+$")
_LOOP = re.compile(r"(.{2,12}?)\1{3,}")
_STUTTER = re.compile(r"(.)\1{4,}")


def is_steady(audio: npt.NDArray[np.float32], rate: int) -> bool:
    """Whether the audio is silence, hiss or hum from one end to the other: speech comes in syllables."""
    size = rate // 50
    if audio.size < 3 * size:
        return True
    blocks = audio[: audio.size // size * size].reshape(-1, size).astype(np.float64)
    low, high = np.percentile(10 * np.log10(np.mean(blocks**2, axis=1) + 1e-12), [5, 95])
    return bool(high < _QUIET_DB or high - low < _STEADY_DB)


def plain(text: str) -> str:
    """Text without punctuation and blanks."""
    return _PUNCTUATION.sub("", text)


def unlooped(text: str) -> str:
    """Text with runs of the same words cut to one, of the same character to two."""
    return _STUTTER.sub(r"\1\1", _LOOP.sub(r"\1", text))


def made_up(text: str, *, log_prob: float, no_speech_prob: float, seconds: float, prompt: str, words: Sequence[str]) -> str | None:
    """Why a text was made up, or None when it may have been said.

    Args:
        text: as decoded.
        log_prob: average per token.
        no_speech_prob: whisper's own.
        seconds: length of the audio.
        prompt: the fixed part of the initial prompt.
        words: the sentences and words the prompt listed, in order.

    Returns:
        `empty`, `credits`, `no_speech`, `unintelligible`, `too_fast`, `prompt_echo` or None.
    """
    said = plain(text)
    if not said:
        return "empty"
    if any(plain(credit) in said for credit in _CREDITS):
        return "credits"
    if no_speech_prob > NO_SPEECH_PROB and log_prob < UNSURE_LOG_PROB:
        return "no_speech"
    if log_prob < UNINTELLIGIBLE_LOG_PROB:
        return "unintelligible"
    if len(said) > seconds * MAX_SYLLABLES_A_SECOND + _SPARE_SYLLABLES:
        return "too_fast"
    if _echoes(said, prompt=plain(prompt), words=words, log_prob=log_prob):
        return "prompt_echo"
    return None


def _echoes(said: str, *, prompt: str, words: Sequence[str], log_prob: float) -> bool:
    """A piece of the fixed prompt; an unsure piece of what it lists, once or over and over; two and more of the listed in the
    prompt's own order."""
    listed = [plain(word) for word in words]
    if said in prompt and (len(said) >= 5 or log_prob < ECHO_LOG_PROB):
        return True
    if log_prob < ECHO_LOG_PROB and any(_REPEATED.sub(r"\1", said) in sentence for sentence in listed):
        return True
    for first in range(len(listed)):
        joined = listed[first]
        for last in range(first + 1, len(listed)):
            joined += listed[last]
            if joined == said:
                return True
            if len(joined) >= len(said):
                break
    return False
