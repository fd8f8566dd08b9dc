"""Spoken text to syllables, tones and breaks; the lexicon's file; symbols of the voice."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.config import CHECKOUT
from agi_app.errors import ModelError, PackError
from agi_app.speech.tts.baker import BakerSymbols
from agi_app.speech.tts.lexicon import Lexicon, load_lexicon
from agi_app.speech.tts.pinyin import read


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon(CHECKOUT / "models/zh_CN/pronunciation.txt")


def _pinyin(text: str, lexicon: Lexicon) -> str:
    return " ".join(f"{s.sound}{'r' if s.erhua else ''}{s.tone}" for s in read(text, lexicon))


READINGS = {
    # polyphones
    "行业": "hang2 ye4",
    "银行": "yin2 hang2",
    "职位调动": "zhi2 wei4 diao4 dong4",
    "调休": "tiao2 xiu1",
    "应届": "ying1 jie4",
    "应聘": "ying4 pin4",
    "重庆": "chong2 qing4",
    "出差": "chu1 chai1",
    "还款": "huan2 kuan3",
    "当月入职": "dang4 yue4 ru4 zhi2",
    "任先生": "ren2 xian1 sheng5",
    "单位": "dan1 wei4",
    "单女士": "shan4 nv3 shi4",
    # 不 and 一
    "不是": "bu2 shi4",
    "不行": "bu4 xing2",
    "一万": "yi2 wan4",
    "一千": "yi4 qian1",
    "一个": "yi2 ge4",
    "第一轮": "di4 yi1 lun2",
    "周一": "zhou1 yi1",
    "一月": "yi1 yue4",
    "二零一一年": "er4 ling2 yi1 yi1 nian2",
    # third tones
    "你好": "ni2 hao3",
    "很好": "hen2 hao3",
    "可以": "ke2 yi3",
    "老板，你好": "lao2 ban3 ni2 hao3",
    # erhua
    "一会儿": "yi2 huir4",
    "一点儿": "yi4 dianr3",
    "女儿": "nv3 er2",
    "儿子": "er2 zi5",
    # neutral
    "什么时候": "shen2 me5 shi2 hou5",
    "先生": "xian1 sheng5",
    # Latin
    "IT": "ai4 ti4",
    "Java": "jia1 wa3",
    "java": "jia1 wa3",
}


@pytest.mark.parametrize(("text", "pinyin"), READINGS.items())
def test_reads(text: str, pinyin: str, lexicon: Lexicon) -> None:
    assert _pinyin(text, lexicon) == pinyin


def test_marks_become_breaks(lexicon: Lexicon) -> None:
    pauses = [s.pause for s in read("您好，请问、是张伟先生吗？", lexicon)]
    assert pauses[1] == 3
    assert pauses[3] == 2
    assert pauses[-1] == 3


def test_a_long_stretch_is_broken_into_phrases(lexicon: Lexicon) -> None:
    pauses = [s.pause for s in read("您对我们公司这个岗位的综合薪资范围还有什么想进一步了解的问题", lexicon)]
    stretch = longest = 0
    for pause in pauses:
        stretch += 1
        longest = max(longest, stretch)
        if pause >= 2:
            stretch = 0
    assert longest <= 9
    assert len([pause for pause in pauses[:-1] if pause >= 2]) >= 2


def test_particles_lean_on_the_word_before(lexicon: Lexicon) -> None:
    syllables = read("您的薪资", lexicon)
    assert syllables[0].pause == 0


def test_characters_without_a_reading_are_left_out(lexicon: Lexicon) -> None:
    assert _pinyin("你㐄好", lexicon).startswith("ni")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("行业 hang2 ye4", "word = pinyin"),
        ("行业 = hang ye4", "tone number"),
        ("行业 = hang2", "2 characters but 1"),
        ("行Java = hang2 jia1", "neither"),
        ("银行 = yin2 hang2\n银行 = yin2 xing2", "twice"),
    ],
)
def test_a_wrong_lexicon_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "pronunciation.txt"
    file.write_text(f"# words\n\n{line}\n")
    with pytest.raises(PackError, match=message) as caught:
        load_lexicon(file)
    assert caught.value.where == f"{file}:{3 + line.count(chr(10))}"


def test_a_missing_lexicon_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        load_lexicon(tmp_path / "pronunciation.txt")
    assert caught.value.where == str(tmp_path / "pronunciation.txt")


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    file = tmp_path / "pronunciation.txt"
    file.write_text("行业 = hang2 ye4\n")
    first = load_lexicon(file).digest
    file.write_text("行业 = hang2 ye5\n")
    assert load_lexicon(file).digest != first


@pytest.fixture
def symbols(tmp_path: Path) -> BakerSymbols:
    path = tmp_path / "mapper.json"
    path.write_text(
        '{"symbol_to_id": {"sil": 1, "#0": 2, "#3": 3, "^": 4, "k": 5, "iou1": 6, "h": 7, "uei4": 8, "er5": 9, "eos": 10, "n": 11,'
        ' "i2": 12}, "pinyin_dict": {"hui": ["h", "uei"], "ni": ["n", "i"]}}'
    )
    return BakerSymbols(path)


def test_symbols_of_a_sentence(symbols: BakerSymbols, lexicon: Lexicon) -> None:
    ids, missing = symbols.encode(read("会儿", lexicon))
    assert (ids, missing) == ([7, 8, 9], 0)


def test_sounds_the_model_lacks_are_composed_or_counted(symbols: BakerSymbols, lexicon: Lexicon) -> None:
    assert symbols.encode(read("Q", lexicon)) == ([5, 6], 0)
    assert symbols.encode(read("好", lexicon)) == ([], 1)


def test_a_damaged_symbol_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mapper.json"
    path.write_text("{}")
    with pytest.raises(ModelError) as caught:
        BakerSymbols(path)
    assert caught.value.where == str(path)
