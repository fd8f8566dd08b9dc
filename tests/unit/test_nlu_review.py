"""`hireline pack check` for grammars and intents."""

import shutil

import pytest

from agi_app.dialogue.nlu.review import review
from tests.unit.grammar_kit import PACK


@pytest.fixture
def pack(tmp_path):
    """The grammars, and the first examples of each intent."""
    shutil.copytree(PACK / "grammars", tmp_path / "grammars")
    (tmp_path / "intents").mkdir()
    for path in (PACK / "intents").glob("*.yaml"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[:18]
        (tmp_path / "intents" / path.name).write_text("".join(lines), encoding="utf-8")
    return tmp_path


def test_our_own_pack_is_clean():
    assert review(PACK) == []


def test_each_kind_of_doubt_is_found(pack):
    with (pack / "grammars" / "intents.gram").open("a", encoding="utf-8") as file:
        file.write("\n<nobody> = 一;\nintent thank = 一个月能给多少钱;\n")
    (pack / "intents" / "thank.yaml").write_text(
        "intent: thank\nexamples: [" + ", ".join(f"多谢{n}个" for n in "一二三四五六七八九十百千万亿零") + "]\n"
    )
    (pack / "intents" / "bye.yaml").unlink()
    found = [(finding.severity, finding.message) for finding in review(pack)]
    assert any(severity == "warning" and "<nobody> is used by no other rule" in message for severity, message in found)
    assert any(severity == "warning" and "15 examples are few" in message for severity, message in found)
    assert any(severity == "error" and "no file describes the intent bye" in message for severity, message in found)
    assert any(severity == "warning" and "'一个月能给多少钱' is thank by the grammar" in message for severity, message in found)


def test_what_cannot_be_used_is_an_error_with_its_line(pack):
    (pack / "grammars" / "a.gram").write_text("<a> = 一;\n<b> = <c>;\n", encoding="utf-8")
    (pack / "intents" / "bye.yaml").write_text("intent: bye\nexamples:\n  - 7\n", encoding="utf-8")
    errors = [(finding.file, finding.line) for finding in review(pack) if finding.severity == "error"]
    assert (str(pack / "grammars" / "a.gram"), 2) in errors
    assert (str(pack / "intents" / "bye.yaml"), 3) in errors
