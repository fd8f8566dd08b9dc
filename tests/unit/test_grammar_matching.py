"""Matching: by sound, anywhere, over fillers, with gaps, anchors, look-ahead and decoys."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.dialogue.grammar.phonetics import Phonetics, split_syllable
from agi_app.dialogue.grammar.reading import LONGEST, read
from tests.unit.grammar_kit import PACK, found, library, pack_grammars

SOUNDS = Phonetics.load(PACK / "grammars" / "confusions.yaml")


def values(grammars, text, **options):
    return [match.value for match in found(grammars, text, **options)]


def test_syllables_are_split():
    assert split_syllable("zhuang") == ("zh", "uang")
    assert split_syllable("yuan") == ("", "van")
    assert split_syllable("xue") == ("x", "ve")
    assert split_syllable("si") == ("s", "ih")
    assert split_syllable("wei") == ("", "ui")
    assert split_syllable("er") == ("", "er")


def test_what_the_telephone_confuses_is_nearer_than_the_rest():
    for heard, meant in (("zi", "zhi"), ("nan", "lan"), ("hu", "fu"), ("sen", "seng"), ("lin", "ling"), ("niu", "liu")):
        assert SOUNDS.distance(heard, meant) < 0.5 < SOUNDS.distance(heard, "pao")
    assert SOUNDS.distance("ma", "ma") == 0
    assert SOUNDS.distance("ma", "qiong") == 1
    assert SOUNDS.distance("zhi", "zi") == SOUNDS.distance("zi", "zhi")


def test_values_are_built(tmp_path):
    grammars = library(
        tmp_path,
        "<d> = 一 {1} | 二 {2} | 三 {3};\n"
        "answer city = a=<d> 加 b=<d> {{sum: a + b, big: a + b > 4 ? true : null}} | 减 b=<d> {-b} | 没有 {null} | 只有 <d>;",
    )
    assert values(grammars, "一加二") == [{"sum": 3}]
    assert values(grammars, "三加二") == [{"sum": 5, "big": True}]
    assert values(grammars, "减三") == [-3]
    assert values(grammars, "没有") == [None]
    assert values(grammars, "只有二") == [2]


def test_a_tag_that_rejects_drops_the_match_and_the_next_best_counts(tmp_path):
    grammars = library(tmp_path, "answer city = 十三月 {reject} | 十三 {13} | 月亮 {1 / 0};")
    assert values(grammars, "十三月") == [13]
    assert values(grammars, "月亮") == []


def test_what_was_heard_before_changes_nothing(tmp_path):
    grammars = library(tmp_path, "answer city = 想好了 | 了解 | 长沙 | 校长;")
    for text in ("了解", "校长"):  # the same characters, read in another way
        assert values(grammars, text) == [text]
    assert found(grammars, "想好了")[0].distance == 0
    assert found(grammars, "长沙")[0].distance == 0


def test_words_are_found_by_sound_and_graded(tmp_path):
    grammars = library(tmp_path, "answer city = 杭州 | 长沙;")
    exact, homophone, near = (found(grammars, text)[0] for text in ("杭州", "航州", "长撒"))
    assert exact.value == homophone.value == "杭州"
    assert near.value == "长沙"
    assert exact.distance == 0
    assert 0 < homophone.distance < near.distance
    assert found(grammars, "苹果") == []


def test_a_longer_word_survives_a_lost_a_doubled_and_a_wrong_syllable(tmp_path):
    grammars = library(tmp_path, "answer city = 计算机科学;")
    for heard in ("计算科学", "计算机机科学", "计算机客学", "积算机科学", "计算嘛科学"):
        assert values(grammars, heard) == ["计算机科学"], heard
    assert values(grammars, "计科") == []


def test_fillers_are_passed_over_between_words_only(tmp_path):
    grammars = library(tmp_path, "filler = 嗯 | 那个;\nanswer city = 一万 左右;")
    assert len(found(grammars, "一万嗯那个左右")) == 1
    assert found(grammars, "一嗯万左右") == []


def test_a_match_may_stand_anywhere(tmp_path):
    grammars = library(tmp_path, "answer city = 北京;")
    match = found(grammars, "我现在人在北京上班")[0]
    assert (match.start, match.end, match.text) == (5, 7, "北京")


def test_anchors_count_clauses_and_pass_fillers(tmp_path):
    grammars = library(tmp_path, "filler = 嗯 | 吧;\nanswer city = ^ 可以 $;")
    assert len(found(grammars, "嗯可以吧")) == 1
    assert len(found(grammars, "可以，不过要等")) == 1
    assert found(grammars, "可以问一下吗") == []
    assert found(grammars, "不可以") == []


def test_gaps_stay_within_a_clause_and_give_their_text(tmp_path):
    grammars = library(tmp_path, "answer city = 在 x=...<1-3> 上班 {x};")
    assert values(grammars, "在Java公司上班") == ["Java公司"]
    assert values(grammars, "在很远很远地方上班") == []
    assert values(grammars, "在家，我上班") == []


def test_look_ahead_takes_nothing(tmp_path):
    grammars = library(tmp_path, "answer city = 可以 &但是 | 行 !吗 {'yes'};")
    match = found(grammars, "可以但是")[0]
    assert match.text == "可以"
    assert found(grammars, "可以了") == []
    assert values(grammars, "行啊") == ["yes"]
    assert values(grammars, "行吗") == []


def test_the_longer_of_two_readings_wins(tmp_path):
    grammars = library(tmp_path, "answer city = 一万;\ndecoy city = 不是 一万;")
    assert [match.kind for match in found(grammars, "不是一万，是一万")] == ["decoy", "answer"]


def test_a_less_likely_alternative_loses_a_tie(tmp_path):
    grammars = library(tmp_path, "answer city = /0.2/ a=北京 {'rare'} | b=北京 {'usual'};")
    assert values(grammars, "北京") == ["usual"]


def test_word_lists_map_to_values(tmp_path):
    grammars = library(tmp_path, '<c> = list "cities.txt";\nanswer city = 去 c=<c> {c};', cities="北京\n魔都\t上海 # nickname\n")
    assert values(grammars, "去魔都") == ["上海"]
    assert values(grammars, "去北京") == ["北京"]


def test_punctuation_tears_numbers_apart():
    assert values(pack_grammars(), "我期望税后一万，两周后到岗", kinds=("volunteered",), target="expected_pay") == [
        {"min": 10000, "max": 10000, "period": "month", "net": True}
    ]


def test_readings_keep_places_and_are_bounded():
    reading = read("我要12K，OK？😀")
    assert reading.characters == ("我", "要", "十", "二", "k", "ok")
    assert reading.breaks == (False, False, False, False, False, True)
    assert reading.words(2, 5) == "十二K"
    assert len(read("哈" * 2000)) <= LONGEST
    assert len(read("")) == len(read("……！！😀😀")) == 0


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_matching(text):
    for match in found(pack_grammars(), text, kinds=("answer", "volunteered", "decoy", "intent")):
        assert 0 <= match.start < match.end
