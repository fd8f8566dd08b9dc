"""Grammar files: what is accepted, and that every mistake is named with file, line and column."""

import pytest

from agi_app.dialogue.grammar.notation import Gap, Repeat, Word, parse_grammar
from agi_app.errors import PackError
from tests.unit.grammar_kit import found, library


def refused(folder, text, **lists):
    with pytest.raises(PackError) as caught:
        library(folder, text, **lists)
    return caught.value


def test_rules_and_roots_are_read():
    parsed = parse_grammar(
        "// pay\n<a> = 八千 | /0.5/ [大概] ...<1-3> x=(一 | 二)+ {x};\nanswer city @pitch @closing = <a>;", "pay.gram"
    )
    assert [rule.name for rule in parsed.rules] == ["a"]
    assert parsed.rules[0].body.choices[1].weight == 0.5
    optional, gap, labelled, _ = parsed.rules[0].body.choices[1].items
    assert isinstance(optional, Repeat)
    assert (optional.least, optional.most) == (0, 1)
    assert isinstance(gap, Gap)
    assert (gap.least, gap.most) == (1, 3)
    assert labelled.label == "x"
    assert isinstance(parsed.rules[0].body.choices[0].items[0], Word)
    assert parsed.roots[0].targets == ("city",)
    assert parsed.roots[0].questions == ("pitch", "closing")


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("<a> = 八千", "1:9", "';' expected"),
        ("<a> = 八千;\n<b> = (一 | 二;\n", "2:13", "')' expected"),
        ("<a> = 一 | ;", "1:11", "an alternative without words"),
        ("<a> = 一 {1;", "1:9", "'{' without its '}'"),
        ("<a> = 一 {1 +};", "1:13", "a value is expected"),
        ("<a> = 一 {nothing(1)};", "1:10", "there is no function 'nothing'"),
        ("<a> = 一 {in_days(1, 2)};", "1:10", "in_days() cannot take 2 values"),
        ("<a> = 一 {1 $ 2};", "1:12", "cannot stand in a tag"),
        ("<a> = *;", "1:7", "nothing to repeat"),
        ("<a> = /3/ 一;", "1:7", "weight"),
        ("<a> = 一<3-2>;", "1:8", "is not a number of times"),
        ("answer city = <nowhere>;", "1:15", "<nowhere> is not defined"),
        ("<a> = 一;\n<a> = 二;", "2:1", "defined twice"),
        ("hello = 一;", "1:1", "expected"),
        ("answer city = 。;", "1:15", "nothing to pronounce"),
        ('<a> = list "nowhere.txt";', "1:7", "cannot be read"),
        ("filler = 嗯 (一 | 二);", "1:1", "may only list words"),
        ('<a> = "文";', "1:7", "without words"),
        ("<a> = !;", "1:7", "nothing to look for"),
        ("<a> = x= ;", "1:7", "nothing to name"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path, text, place, says):
    error = refused(tmp_path, text)
    assert says in str(error)
    assert f"test.gram:{place}" in str(error.where)
    assert error.remedy


@pytest.mark.parametrize(
    "text",
    [
        "<a> = <a> 一 | 一;",
        "<a> = <b> 一 | 一;\n<b> = <a> 二 | 二;",
        "<a> = [一] <b>;\n<b> = {1} <a> | 二;",
        "<a> = ... <a> 一 | 一;",
        "<a> = & <a> 一;",
    ],
)
def test_a_loop_that_hears_nothing_is_refused(tmp_path, text):
    assert "a loop that hears nothing" in str(refused(tmp_path, text))


def test_a_repeat_of_what_may_be_empty_is_refused(tmp_path):
    assert "repeats something that may be empty" in str(refused(tmp_path, "<a> = ([一] [二])+ 三;"))


def test_recursion_behind_a_word_is_fine(tmp_path):
    grammars = library(tmp_path, "<list> = 一 [和 <list>];\nanswer city = <list>;")
    assert [match.text for match in found(grammars, "一和一和一")] == ["一和一和一"]


def test_an_empty_word_list_is_refused(tmp_path):
    assert "is empty" in str(refused(tmp_path, '<a> = list "cities.txt";', cities="# nothing\n"))


def test_a_folder_without_grammars_is_refused(tmp_path):
    with pytest.raises(PackError, match="no grammars"):
        library(tmp_path, "").load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("initials:\n  zh: 0.1", "two sounds"),
        ("homophone: 7", "number from 0 to 1"),
        ("initials: [", "not valid YAML"),
        ("- 1", "mapping"),
    ],
)
def test_broken_sounds_are_refused(tmp_path, line, says):
    library(tmp_path, "<a> = 一;")
    (tmp_path / "confusions.yaml").write_text(line, encoding="utf-8")
    with pytest.raises(PackError, match=says):
        library.__globals__["GrammarLibrary"].load(tmp_path)


def test_rules_nobody_uses_are_listed(tmp_path):
    grammars = library(tmp_path, "<a> = 一;\n<b> = 二;\nanswer city = <b>;")
    assert [name for name, _ in grammars.unused] == ["a"]
