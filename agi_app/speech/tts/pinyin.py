"""Normalised Mandarin to syllables with tones as they are spoken: lexicon, polyphones, tone sandhi, erhua, prosodic breaks.

Sandhi and break levels follow the conventions of the Biaobei (BZNSYP) corpus labels: tones are written as spoken, #1 ends a
prosodic word, #2 a prosodic phrase, #3 an intonation phrase.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

import rjieba
from pypinyin import Style, lazy_pinyin

from agi_app.speech.tts.lexicon import Lexicon, Reading


@dataclass(frozen=True, slots=True)
class Syllable:
    """One spoken syllable."""

    sound: str
    """Pinyin without tone, ü as v: zhong, lv."""
    tone: int
    """1-4, 5 neutral; as spoken, after sandhi."""
    erhua: bool = False
    pause: int = 0
    """What follows: 0 nothing, 1 end of a prosodic word, 2 of a prosodic phrase, 3 of an intonation phrase."""


@dataclass(slots=True)
class _Word:
    """A word of the text while it is being read."""

    text: str
    tag: str
    """Part of speech as jieba names it; `eng` for Latin words."""
    syllables: list[Syllable]
    pause: int = 1


_TITLES = ("先生", "女士", "小姐", "同学", "老师", "经理", "总", "主任")
_NO_ERHUA = ("女儿", "婴儿", "幼儿", "孤儿", "少儿", "胎儿", "新生儿", "健儿", "男儿")
_YI_KEEPS_AFTER = frozenset("第十周期统唯之专单逐零一二三四五六七八九幺点")
"""After these 一 stands for a number or ends a word and keeps its first tone: 第一, 周一, 统一, 二一."""
_YI_KEEPS_BEFORE = frozenset("月号日楼班级等零一二三四五六七八九幺")
_CLITIC_TAGS = frozenset(("uj", "ul", "uz", "ug", "ud", "uv", "y", "k"))
"""的, 了, 着, 过, 地, 得, sentence particles, suffixes: they lean on the word before."""
_OPENING_TAGS = frozenset(("p", "c", "r", "d", "v"))
"""Words a new prosodic phrase likes to begin with."""
_PHRASE_SYLLABLES = 7
"""A prosodic phrase is rarely longer in the corpus."""

_TOKEN = re.compile(r"[A-Za-z]+(?:[.'+#-]*[A-Za-z])*(?:\+\+|#)?|[\u3400-\u9fff〇]+|[，。？！、；：]| +")
_SYLLABLE = re.compile(r"([a-zêüv]+)([1-5])")


def read(text: str, lexicon: Lexicon) -> list[Syllable]:
    """Syllables of normalised text (`normalise`), the last one with pause 3. Characters without a reading are left out."""
    words: list[_Word] = []
    for part in _TOKEN.findall(text):
        if part in "，；：。？！":
            _close(words, 3)
        elif part == "、":
            _close(words, 2)
        elif part[0] < "\x80":
            words += _latin(part.strip(), lexicon)
        else:
            words += _hanzi(part, lexicon)
    _close(words, 3)
    _attach(words)
    _phrase(words)
    _third_tones(words)
    spoken: list[Syllable] = []
    for word in words:
        spoken += word.syllables
        if word.syllables:
            spoken[-1] = replace(spoken[-1], pause=word.pause)
    return spoken


def _close(words: list[_Word], pause: int) -> None:
    if words:
        words[-1].pause = max(words[-1].pause, pause)


def _latin(word: str, lexicon: Lexicon) -> list[_Word]:
    """A Latin word from the lexicon, else letter by letter."""
    if not word:
        return []
    if known := lexicon.latin.get(word.lower()):
        return [_Word(word, "eng", _syllables(known))]
    letters = [lexicon.latin[letter] for letter in word.lower() if letter in lexicon.latin]
    return [_Word(word, "eng", [syllable for letter in letters for syllable in _syllables(letter)])]


def _syllables(reading: Reading) -> list[Syllable]:
    return [Syllable(match[1], int(match[2])) for part in reading if (match := _SYLLABLE.fullmatch(part))]


def _hanzi(run: str, lexicon: Lexicon) -> list[_Word]:
    tagged = [(word, tag) for word, tag in rjieba.tag(run)]
    readings = lazy_pinyin(run, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
    if len(readings) != len(run):  # a character pypinyin does not know is returned joined with its neighbours
        readings = [lazy_pinyin(char, style=Style.TONE3, neutral_tone_with_five=True)[0] for char in run]
    _override(run, tagged, readings, lexicon)
    _sandhi_of_bu_and_yi(run, readings)
    words: list[_Word] = []
    position = 0
    for text, tag in tagged:
        spoken: list[Syllable] = []
        for offset, char in enumerate(text):
            if char == "儿" and _is_erhua(words, text, offset) and (spoken or words):
                syllables = spoken or words[-1].syllables
                if syllables:
                    syllables[-1] = replace(syllables[-1], erhua=True)
                    continue
            if match := _SYLLABLE.fullmatch(readings[position + offset]):
                spoken.append(Syllable(match[1], int(match[2])))
        position += len(text)
        if spoken:
            words.append(_Word(text, tag, spoken))
    return words


def _is_erhua(words: list[_Word], text: str, offset: int) -> bool:
    """儿 colours the syllable before it, unless it means a child."""
    if text[offset + 1 : offset + 2] and text[offset : offset + 2] in ("儿子", "儿童", "儿女", "儿科"):
        return False
    before = (words[-1].text if words and offset == 0 else "") + text[: offset + 1]
    return not before.endswith(_NO_ERHUA)


def _override(run: str, tagged: list[tuple[str, str]], readings: list[str], lexicon: Lexicon) -> None:
    """Lexicon entries, longest first at each place, then family names."""
    position = 0
    while position < len(run):
        for length in range(min(lexicon.longest_phrase, len(run) - position), 0, -1):
            if reading := lexicon.phrases.get(run[position : position + length]):
                readings[position : position + length] = reading
                position += length
                break
        else:
            position += 1
    position = 0
    for word, tag in tagged:
        for length in (2, 1):
            surname = run[position : position + length]
            after = run[position + length :]
            if surname in lexicon.surnames and ((tag == "nr" and len(word) > length) or after.startswith(_TITLES)):
                readings[position : position + length] = lexicon.surnames[surname]
                break
        position += len(word)


def _sandhi_of_bu_and_yi(run: str, readings: list[str]) -> None:
    """不 is bu2 before a fourth tone; 一 is yi2 before a fourth, yi4 before other tones, yi1 in numbers and at the end."""
    for index, char in enumerate(run):
        following = readings[index + 1][-1:] if index + 1 < len(run) else ""
        if char == "不" and readings[index] == "bu4" and following == "4":
            readings[index] = "bu2"
        elif char == "一" and readings[index].startswith("yi"):
            before, after = run[index - 1 : index], run[index + 1 : index + 2]
            if not following or before in _YI_KEEPS_AFTER or after in _YI_KEEPS_BEFORE:
                readings[index] = "yi1"
            elif following in "45" and not (following == "5" and after != "个"):
                readings[index] = "yi2"
            else:
                readings[index] = "yi4"


def _attach(words: list[_Word]) -> None:
    """Close the gap before words that lean on the one before: particles, measure words, and pairs of single syllables."""
    for previous, word in itertools.pairwise(words):
        if previous.pause > 1:
            continue
        pair = len(previous.syllables) + len(word.syllables)
        leans = word.tag in _CLITIC_TAGS
        measured = previous.tag in ("m", "mq") and word.tag in ("m", "q", "mq", "n", "t") and pair <= 4
        if leans or measured or pair <= 2:
            previous.pause = 0


def _phrase(words: list[_Word]) -> None:
    """Where a stretch without a pause grows long, let a prosodic phrase end at the best place: before a preposition, a
    conjunction or a verb, after 的."""
    start = 0
    for end, word in enumerate(words):
        if word.pause >= 2:
            _break_up(words[start : end + 1])
            start = end + 1


def _break_up(stretch: list[_Word]) -> None:
    total = sum(len(word.syllables) for word in stretch)
    if total <= _PHRASE_SYLLABLES + 1:
        return
    best, best_score = 0, 0.0
    spoken = 0
    for index, word in enumerate(stretch[:-1]):
        spoken += len(word.syllables)
        if word.pause == 0 or spoken < 3 or total - spoken < 3:
            continue
        balance = 1 - abs(2 * spoken - total) / total
        opening = 0.5 if stretch[index + 1].tag in _OPENING_TAGS else 0.0
        closing = 0.3 if word.tag in _CLITIC_TAGS else 0.0
        if (score := balance + opening + closing) > best_score:
            best, best_score = index, score
    if best_score > 0:
        stretch[best].pause = 2
        _break_up(stretch[: best + 1])
        _break_up(stretch[best + 1 :])


def _third_tones(words: list[_Word]) -> None:
    """The first of two third tones becomes a second: always inside a word and a prosodic word; across prosodic words only
    after a single syllable, as careful speakers do."""
    flat = [(w, s) for w, word in enumerate(words) for s in range(len(word.syllables))]
    tones = [words[w].syllables[s].tone for w, s in flat]
    for ((w, s), tone), ((w2, _), after) in itertools.pairwise(zip(flat, tones, strict=True)):
        if tone != 3 or after != 3:
            continue
        word = words[w]
        if w == w2 or word.pause == 0 or (word.pause == 1 and len(word.syllables) == 1):
            word.syllables[s] = replace(word.syllables[s], tone=2)
