"""Intent files: what is read, and that every mistake is named with file and line."""

import pytest
import yaml

from agi_app.dialogue.nlu.examples import load_examples
from agi_app.dialogue.understanding import Intent
from agi_app.errors import PackError
from tests.unit.grammar_kit import PACK

_IMPORTANT = 25
_EVALUATION = PACK.parents[1] / "tests" / "data" / "understanding"


def write(folder, name="ask_pay", examples=None, text=None):
    examples = examples or [f"工资多少{number}" for number in "零一二三四五六七八九十百千万亿甲乙"]
    content = text or yaml.safe_dump({"intent": name, "examples": examples}, allow_unicode=True)
    (folder / f"{name}.yaml").write_text(content, encoding="utf-8")


def refused(folder):
    with pytest.raises(PackError) as caught:
        load_examples(folder)
    return caught.value


def test_the_pack_describes_every_intent_but_callbacks_time(tmp_path):
    examples = load_examples(PACK / "intents")
    assert set(examples.intents) == set(Intent)
    assert len(set(examples.texts)) == len(examples.texts)
    for intent in Intent:
        if intent.startswith("ask_") or intent in (
            Intent.AGREE,
            Intent.DENY,
            Intent.STOP_CALLING,
            Intent.BUSY,
            Intent.NOT_INTERESTED,
        ):
            assert examples.intents.count(intent) >= _IMPORTANT, intent


def test_no_example_stands_in_the_evaluation_set():
    examples = set(load_examples(PACK / "intents").texts)
    lines = (_EVALUATION / "clean.jsonl").read_text(encoding="utf-8").splitlines()
    shared = [yaml.safe_load(line)["text"] for line in lines if yaml.safe_load(line)["text"] in examples]
    assert len(shared) <= len(lines) * 0.07  # 好的, 没有 and their like are said by everyone


def test_the_digest_changes_with_the_examples(tmp_path):
    write(tmp_path)
    before = load_examples(tmp_path).digest
    assert load_examples(tmp_path).digest == before
    write(tmp_path, examples=[f"薪资{number}" for number in range(20)])
    assert load_examples(tmp_path).digest != before


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("intent: ask_pay\nexamples: [一, 二]\n", None, "too few"),
        ("intent: ask_money\nexamples: [一]\n", 1, "there is no intent 'ask_money'"),
        ("intent: ask_pay\nexamples:\n  - 工资\n  - 12000\n", 4, "an example must be a text"),
        ("intent: ask_pay\nexamples:\n  - 工资\n  - ''\n", 4, "an example must be a text"),
        ("examples: [一]\n", 1, "an intent file holds"),
        ("intent: ask_pay\nexamples: 一\n", 1, "an intent file holds"),
        ("intent: [\n", 2, "not valid YAML"),
        ("- 1\n", 1, "an intent file holds"),
        ("intent: ask_pay\nexamples: [" + ", ".join(["工资"] * 20) + "]\n", 2, "is an example already"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path, text, line, says):
    write(tmp_path, text=text)
    error = refused(tmp_path)
    assert says in str(error)
    assert str(error.where).endswith(f"ask_pay.yaml:{line}" if line else "ask_pay.yaml")
    assert error.remedy


def test_an_intent_has_one_file(tmp_path):
    write(tmp_path)
    (tmp_path / "second.yaml").write_text((tmp_path / "ask_pay.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert "has two files" in str(refused(tmp_path))


def test_an_empty_folder_and_a_file_that_is_no_text_are_refused(tmp_path):
    assert "no intents" in str(refused(tmp_path))
    (tmp_path / "ask_pay.yaml").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in str(refused(tmp_path))
