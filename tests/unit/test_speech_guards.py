"""What whisper makes up is told from speech; long audio is cut at pauses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.speech.asr.guards import is_steady, made_up, unlooped
from agi_app.speech.asr.pieces import pieces
from agi_app.speech.asr.simplified import simplified

PROMPT = "以下是普通话的电话面试录音，简体中文。"


def _reason(
    text: str, *, log_prob: float = -0.4, no_speech: float = 0.1, seconds: float = 3, words: tuple[str, ...] = ()
) -> str | None:
    return made_up(text, log_prob=log_prob, no_speech_prob=no_speech, seconds=seconds, prompt=PROMPT, words=words)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("。！", "empty"),
        ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", "credits"),
        ("字幕由Amara.org社区提供", "credits"),
        ("谢谢观看！", "credits"),
        ("以下是普通话的电话", "prompt_echo"),
        ("谢谢您", None),
        ("我期望一万二", None),
        ("是的", None),
    ],
)
def test_subtitle_credits_and_echoes_are_no_speech(text: str, reason: str | None) -> None:
    assert _reason(text) == reason


def test_an_unsure_piece_of_the_prompt_is_an_echo_a_sure_one_is_speech() -> None:
    assert _reason("录音", log_prob=-1.4) == "prompt_echo"
    assert _reason("录音", log_prob=-0.3) is None


def test_listed_words_in_the_prompt_s_order_are_an_echo_single_ones_are_answers() -> None:
    words = ("是的", "不是", "方便")
    assert _reason("是的，不是", words=words) == "prompt_echo"
    assert _reason("不是，方便。", words=words) == "prompt_echo"
    assert _reason("方便", words=words) is None
    assert _reason("方便，是的", words=words) is None


def test_an_unsure_piece_of_a_listed_sentence_is_an_echo() -> None:
    words = ("一万二左右", "七八千吧")
    assert _reason("七八千。七八千。", words=words, log_prob=-0.95) == "prompt_echo"
    assert _reason("一万二左右", words=words, log_prob=-1.2) == "prompt_echo"
    assert _reason("一万二左右", words=words, log_prob=-0.4) is None
    assert _reason("一万三左右", words=words, log_prob=-1.2) is None


def test_a_wild_guess_is_unintelligible() -> None:
    assert _reason("细灯", log_prob=-1.7) == "unintelligible"


def test_openai_s_rule_needs_both_bounds() -> None:
    assert _reason("嗯", no_speech=0.7, log_prob=-1.2) == "no_speech"
    assert _reason("嗯", no_speech=0.7, log_prob=-0.5) is None
    assert _reason("嗯", no_speech=0.3, log_prob=-1.2) is None


def test_more_words_than_a_mouth_can_say_were_not_said() -> None:
    assert _reason("我之前在一家公司做了三年的大客户销售", seconds=0.5) == "too_fast"
    assert _reason("我之前在一家公司做了三年的大客户销售", seconds=2.5) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我想我想我想我想我想一下", "我想一下"),
        ("对对对", "对对对"),
        ("轻轻轻轻轻轻轻", "轻轻"),
        ("一万二到一万五", "一万二到一万五"),
    ],
)
def test_loops_are_cut(text: str, expected: str) -> None:
    assert unlooped(text) == expected


@pytest.mark.parametrize("level_db", [-70, -50, -20])
def test_noise_is_steady(level_db: float) -> None:
    noise = np.random.default_rng(0).normal(0, 10 ** (level_db / 20), 8000).astype(np.float32)
    assert is_steady(noise, 8000)


def test_hum_is_steady_syllables_are_not() -> None:
    tone = np.sin(2 * np.pi * 150 * np.arange(8000) / 8000).astype(np.float32)
    assert is_steady(0.3 * tone, 8000)
    syllables = np.abs(np.sin(2 * np.pi * 2 * np.arange(8000) / 8000)).astype(np.float32)
    assert not is_steady(0.3 * tone * syllables, 8000)
    assert is_steady(np.zeros(8000, np.float32), 8000)


def test_speech_in_loud_noise_is_not_steady() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, 8000)
    noise[2000:5000] += rng.normal(0, 0.2, 3000)  # 6 dB above it
    assert not is_steady(noise.astype(np.float32), 8000)


def test_traditional_becomes_simplified() -> None:
    assert simplified("請問您現在薪資是多少 OK 12k") == "请问您现在薪资是多少 OK 12k"
    assert simplified("") == ""


def test_long_audio_is_cut_in_its_pauses() -> None:
    rate = 16_000
    speech = np.random.default_rng(0).normal(0, 0.1, 25 * rate).astype(np.float32)
    for pause in (8.0, 16.5):
        speech[int(pause * rate) : int((pause + 0.4) * rate)] *= 0.001
    found = pieces(speech, rate, longest_s=10)
    cuts = np.cumsum([piece.size for piece in found])[:-1] / rate
    assert len(found) == 3
    assert 8.0 < cuts[0] < 8.4
    assert 16.5 < cuts[1] < 16.9


@given(st.integers(0, 100_000))
def test_pieces_are_the_audio(size: int) -> None:
    audio = np.arange(size, dtype=np.float32)
    found = pieces(audio, 8000, longest_s=3)
    assert all(piece.size <= 24_000 for piece in found)
    assert np.array_equal(np.concatenate(found), audio)
