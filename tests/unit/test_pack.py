"""The language pack: what is refused, with file and line, and what is only remarked on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agi_app.dialogue.pack import check, load_pack
from agi_app.dialogue.pack.loader import check_folder
from agi_app.dialogue.pack.template import parse_template
from agi_app.errors import PackError
from tests.unit.dialogue_kit import PACK, PACK_FOLDER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the pack to break."""
    return shutil.copytree(PACK_FOLDER, tmp_path / "zh_CN", ignore=shutil.ignore_patterns("intents"))


def change(folder: Path, name: str, old: str, new: str) -> int:
    """Replace the first occurrence; returns its line."""
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def refused(folder: Path) -> PackError:
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    assert caught.value.where
    assert caught.value.remedy
    return caught.value


def test_our_pack_is_clean() -> None:
    assert check(PACK) == []
    assert check_folder(PACK_FOLDER) == []


DOCS = PACK_FOLDER.parents[1] / "docs"
STANDARD = "interviews/standard.yaml"
ASK = "    ask:\n      - 您在这方面做了几年了？\n      - 请问您有几年相关的工作经验？\n"
PUBLIC = "interviews/public-sector.yaml"
FOLLOW_UPS = "interviews/follow-ups.yaml"
KEYS = "    keys:\n      1: {value: {in_days: 0}}\n      2: {value: {in_days: 14}}\n      3: {value: {in_days: 30}}\n"
WRONG = [
    ("an unknown fact", "answers/pay.yaml", "{pay.range}", "{pay.rnage}", "`{pay.rnage}` is no fact"),
    ("an unknown fact in wording", "wording/small-words.yaml", "改成{value}", "改成{vlaue}", "`{vlaue}` is no fact"),
    ("a value only another sentence knows", "wording/endings.yaml", "打扰您了。", "打扰您了{time}。", "`{time}` is no fact"),
    ("an unknown fact in a condition", "answers/overtime.yaml", "overtime.none", "overtime.nonne", "`overtime.nonne` is no fact"),
    ("a fact that may be missing", STANDARD, "您愿意考虑", "我们{team.size}，您考虑", "cannot be said when team.size is"),
    ("a statement used as text", "answers/duties.yaml", "{duties.1}。[", "{place.remote}。[", "is true or false and has no text"),
    ("brackets that do not match", "answers/duties.yaml", "{duties.2}。]", "{duties.2}。", "`[` without `]`"),
    ("braces that do not match", "answers/duties.yaml", "{duties.1}", "{duties.1", "do not match"),
    ("brackets without a fact", "answers/duties.yaml", "[另外还要{duties.2}。]", "[另外。]", "names no fact"),
    ("an empty sentence", "wording/small-words.yaml", "- 好的。\n", '- ""\n', "must not be empty"),
    ("a number for a sentence", "wording/small-words.yaml", "- 好的。\n", "- 12\n", "must be text"),
    ("a field we do not know", STANDARD, "patience_ms: 900", "patience: 900", "no such field"),
    ("a text for a number", STANDARD, "patience_ms: 900", "patience_ms: 很久", "valid integer"),
    ("a number out of range", STANDARD, "patience_ms: 900", "patience_ms: 90000", "less than or equal to 5000"),
    ("a question that must be there", STANDARD, "id: start_date", "id: interview_time", "does not ask `start_date`"),
    ("a slot that is none", STANDARD, "id: years_experience", "id: shoe_size", "`shoe_size` is no slot"),
    ("an id that is fixed", STANDARD, "id: pitch", "id: sales_pitch", "the id of this question must be `pitch`"),
    ("a question without words", STANDARD, ASK, "", "Field required"),
    ("the same id twice", STANDARD, "id: years_experience", "id: start_date", "is there twice"),
    ("a key without a meaning", STANDARD, "1: agree", "1: {}", "needs either"),
    ("a key that is none", STANDARD, "1: agree", "12: agree", "match pattern"),
    ("an intent that is none", STANDARD, "1: agree", "1: yes", "Input should be"),
    ("a competency that is none", STANDARD, "competencies: customer_relations", "competencies: charm", "no competency `charm`"),
    ("a condition against itself", STANDARD, "status: student", "years_at_least: 3\n        years_below: 2", "contradicts itself"),
    ("a resume for all alike", PUBLIC, "  - id: years_experience", "  - known: skip\n    id: years_experience", "same for"),
    ("a protected matter", STANDARD, "您最快什么时候能到岗？", "您结婚了吗？", "`结婚` is a protected matter"),
    ("keys in words but not in meaning", STANDARD, KEYS, "", "names keys but none has a meaning"),
    ("a wording that is missing", "wording/small-words.yaml", "hold:", "hold_on:", "`hold` is missing"),
    ("a situation that is missing", "interviews/situations.yaml", "id: go_on", "id: go_off", "`go_on` is missing"),
    ("an answer that is missing", "answers/team.yaml", "intent: ask_team", "intent: ask_repeat", "nothing answers `ask_team`"),
    ("two answers to one intent", "answers/team.yaml", "intent: ask_team", "intent: ask_pay", "two files hold the intent"),
    ("a code without a word", "wording/terms.yaml", "rare:", "rarely:", "`rare` of `overtime` has no word"),
    ("a key given twice", "wording/terms.yaml", "rare:", "none:", "given twice"),
    ("broken YAML", STANDARD, "greeting:\n", "greeting:\n\tbad: [\n", "not valid YAML"),
    ("a missing file", "pack.yaml", "answers/team.yaml", "answers/tema.yaml", "does not exist"),
    ("a file outside", "pack.yaml", "answers/team.yaml", "../../etc/passwd", "outside the pack"),
    ("a follow-up without a cause", FOLLOW_UPS, "    shorter_than: 12\n", "", "needs `said` or `shorter_than`"),
    ("a follow-up after nothing", FOLLOW_UPS, "after: [technical_challenge]", "after: [nothing]", "no interview asks"),
]  # fmt: skip


ELSEWHERE = {
    "a question that must be there",
    "a wording that is missing",
    "a situation that is missing",
    "an answer that is missing",
    "a code without a word",
    "two answers to one intent",
    "a missing file",
    "a file outside",
}
"""Named where the whole is listed, not where the change was made."""


@pytest.mark.parametrize(("name", "file", "old", "new", "message"), WRONG, ids=[row[0] for row in WRONG])
def test_a_broken_pack_is_refused_with_file_and_line(folder: Path, name: str, file: str, old: str, new: str, message: str) -> None:
    line = change(folder, file, old, new)
    error = refused(folder)
    assert message in error.what
    named_file, _, named_line = str(error.where).rpartition(":")
    assert named_file.startswith(str(folder))
    assert int(named_line) >= 1
    assert check_folder(folder)[0].severity == "error"
    if name not in ELSEWHERE:
        assert named_file == str(folder / file)
        assert abs(int(named_line) - line) <= 10


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (STANDARD, "    again:\n      - 大概说个时间就可以，比如随时，或者一个月以后。\n", "", "no other words"),
        (STANDARD, "    with_keys:\n      - 随时可以请按一，两周以内请按二，一个月左右请按三。\n", "", "no sentence names them"),
        (STANDARD, "count: 1", "count: 0", "unreachable"),
        (STANDARD, "  - id: start_date\n", "  - id: start_date\n    tries: 2\n", "keys are offered at the third try"),
        ("answers/complaint.yaml", "answers:\n", "answers:\n  - say: 对不起。\n", "unreachable"),
        ("answers/duties.yaml", "主要工作是", "主要JD是", "may read"),
        ("answers/duties.yaml", "主要工作是", "主要工作是" + "很多很多" * 16, "long for the ear"),
        ("interviews/follow-ups.yaml", "    again:\n      - 做电商的时候，最难的是什么？\n", "", "no other words"),
    ],
)
def test_a_poor_pack_is_remarked_on_but_works(folder: Path, file: str, old: str, new: str, message: str) -> None:
    line = change(folder, file, old, new)
    findings = check(load_pack(folder))
    assert [finding.severity for finding in findings] == ["warning"] * len(findings)
    assert any(message in finding.message and finding.file == str(folder / file) for finding in findings)
    assert any(abs(finding.line - line) <= 8 for finding in findings)


def test_no_pack_at_all(tmp_path: Path) -> None:
    assert "missing" in refused(tmp_path).what
    assert check_folder(tmp_path)[0].severity == "error"


def test_every_error_is_named_at_once(folder: Path) -> None:
    change(folder, "answers/pay.yaml", "{pay.range}", "{pay.rnage}")
    change(folder, "answers/team.yaml", "{team.size}", "{team.sise}")
    error = refused(folder)
    assert "pay.rnage" in error.what
    assert "team.sise" in error.what


def test_not_text(folder: Path) -> None:
    (folder / "answers/team.yaml").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in str(refused(folder))


def test_alias_of_itself(folder: Path) -> None:
    (folder / "answers/team.yaml").write_text("a: &a [*a]\n", encoding="utf-8")
    assert "alias" in refused(folder).what


def test_key_no_is_a_word(folder: Path) -> None:
    change(folder, "protected.yaml", "  marriage:", "  no:")
    assert "no" in load_pack(folder).protected.words


@pytest.mark.parametrize(
    ("source", "facts", "text"),
    [
        ("每月{a}。", {"a": "一万"}, "每月一万。"),
        ("每月{a}。", {"a": None}, None),
        ("每月{a}[，年终{b}]。", {"a": "一万", "b": "两个月"}, "每月一万，年终两个月。"),
        ("每月{a}[，年终{b}]。", {"a": "一万", "b": None}, "每月一万。"),
        ("好[x：，可以调休]。", {"x": ""}, "好，可以调休。"),
        ("好[x: ，可以调休]。", {"x": None}, "好。"),
        ("好[!x：，不能调休]。", {"x": None}, "好，不能调休。"),
        ("好[!x：，不能调休]。", {"x": ""}, "好。"),
        ("好[x：{a}]。", {"x": "", "a": None}, "好。"),
    ],
)
def test_template(source: str, facts: dict[str, str | None], text: str | None) -> None:
    assert parse_template(source).render(facts) == text


def test_kinds_of_questions_for_the_understanding() -> None:
    kinds = PACK.question_kinds
    assert kinds["greeting"] == kinds["consent"] == kinds["talent_pool"] == kinds["closing"] == "yes_no"
    assert kinds["expected_pay"] == "expected_pay"
    assert kinds["callback_time"] == "callback_time"
    assert kinds["client_relationship"] == kinds["ecommerce_challenge"] == "open"


def test_the_guide_lists_every_fact_and_field() -> None:
    from agi_app.dialogue.facts import GUARDS
    from agi_app.dialogue.pack.inventory import SLOTS
    from agi_app.dialogue.pack.schema import Condition, Question

    chinese = (DOCS / "language-pack.zh-CN.md").read_text(encoding="utf-8")
    english = (DOCS / "language-pack.md").read_text(encoding="utf-8")
    assert [name for name in sorted(GUARDS) if f"`{name}`" not in chinese] == []
    for guide in (chinese, english):
        assert [name for name in Question.model_fields if f"`{name}`" not in guide and f"`{name}:" not in guide] == []
        assert [name for name in Condition.model_fields if f"`{name}:" not in guide] == []
        assert [name for name in sorted(SLOTS) if f"`{name}`" not in guide] == []


@pytest.mark.parametrize("page", ["language-pack.md", "language-pack.zh-CN.md"])
def test_the_guides_question_works(folder: Path, page: str) -> None:
    guide = (DOCS / page).read_text(encoding="utf-8")
    block = guide.split("<!-- question -->\n```yaml\n")[1].split("```")[0]
    file = folder / STANDARD
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("\nclosing:\n", f"\n{block}\nclosing:\n", 1), encoding="utf-8")
    pack = load_pack(folder)
    assert check(pack) == []
    assert "hard_negotiation" in [question.id for question in pack.interviews["standard"].behavioural.questions]
