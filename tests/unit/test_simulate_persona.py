from pathlib import Path

import pytest

from agi_app.simulate.persona import Codec, How, load_line, load_persona, load_personas
from hr_sync.errors import InvalidDataError
from hr_sync.records import Disposition, Interest

SHIPPED = Path(__file__).resolve().parents[1] / "personas"
DEMO = Path(__file__).resolve().parents[2] / "agi_app" / "simulate" / "personas"

CONTRACT = """\
id: zhang-wei
candidate: {name: 张伟, phone: "+8613800000001"}
job: key-account-sales
voice: {semitones: -3, rate: 1.05, gain_db: -3}
line: {codec: alaw, snr_db: 20, loss_pct: 1, jitter_ms: 20, echo_db: null}
pickup: {after_s: 2, how: answer}
turns:
  - {when: greeting, say: 喂，你好, after_ms: 300}
  - {when: expected_pay, say: 我期望的薪资是一万二左右, after_ms: 600, pause: {after: 我期望的薪资是, ms: 700}}
  - {when: any, say: 请问加班多吗}
interrupts:
  - {during: pitch, at_ms: 900, say: 等一下，工资是多少}
backchannels:
  - {during: any, at_ms: 1200, say: 嗯}
hang_up: {after: closing}
expect: {disposition: completed, interest: interested, slots: {expected_pay: {min: 12000, max: 12000, period: month}}}
"""


def write(folder: Path, text: str, name: str = "p.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_contracts_own_example_is_read(tmp_path: Path) -> None:
    persona = load_persona(write(tmp_path, CONTRACT))
    assert persona.candidate is not None
    assert persona.candidate.id == "zhang-wei"
    assert persona.line.codec is Codec.ALAW
    assert persona.line.echo_db is None
    assert persona.pickup.how is How.ANSWER
    assert [turn.when for turn in persona.turns] == ["greeting", "expected_pay", "any"]
    assert persona.turns[1].pause is not None
    assert persona.turns[1].pause.ms == 700
    assert persona.expect.dispositions == (Disposition.COMPLETED,)
    assert persona.expect.interest is Interest.INTERESTED
    assert persona.polite


@pytest.mark.parametrize(
    ("wrong", "right", "line", "told"),
    [
        ("after_ms: 300", "after_ms: soon", 8, "turns.0.after_ms"),
        ("codec: alaw", "codec: mp3", 5, "line.codec"),
        ("pause: {after: 我期望的薪资是, ms: 700}", "pause: {after: 工资是, ms: 700}", 9, "words of `say`"),
        ("how: answer", "how: voicemail", 6, "`says` is needed"),
        ("{after: closing}", "{after: closing, at_s: 3}", 15, "exactly one of"),
        ('phone: "+8613800000001"', 'phone: "13800000001"', 2, "candidate.phone"),
        ("job: key-account-sales", "jobs: key-account-sales", 1, "job: Field required"),
        ("say: 等一下，工资是多少", "says: 等一下", 12, "interrupts.0.say"),
        ("disposition: completed", "disposition: done", 16, "expect.disposition"),
    ],
)
def test_a_fault_names_file_line_and_field(tmp_path: Path, wrong: str, right: str, line: int, told: str) -> None:
    assert wrong in CONTRACT
    path = write(tmp_path, CONTRACT.replace(wrong, right))
    with pytest.raises(InvalidDataError) as caught:
        load_persona(path)
    assert caught.value.where == f"{path}:{line}"
    assert told in caught.value.what


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, CONTRACT.replace("after_ms: 300", "after_ms: -1").replace("snr_db: 20", "snr_db: loud"))
    with pytest.raises(InvalidDataError) as caught:
        load_persona(path)
    assert "line 5: line.snr_db" in caught.value.what
    assert "line 8: turns.0.after_ms" in caught.value.what


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, "id: x\nturns: [\n  {when: any\n")
    with pytest.raises(InvalidDataError, match="not valid YAML") as caught:
        load_persona(path)
    assert caught.value.where is not None
    assert caught.value.where.startswith(f"{path}:")


def test_a_turn_does_exactly_one_thing(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="`say` and `press`"):
        load_persona(write(tmp_path, CONTRACT.replace("say: 请问加班多吗", 'say: 好, press: "1"')))


def test_without_turns_a_persona_is_silent_unless_it_says_otherwise(tmp_path: Path) -> None:
    head = "id: x\ncandidate_id: c1\njob: j\n"
    assert not load_persona(write(tmp_path, head)).polite
    assert load_persona(write(tmp_path, head + "otherwise: polite\n")).polite


def test_a_folder_is_read_in_order_and_refuses_an_id_twice(tmp_path: Path) -> None:
    write(tmp_path, "id: b\ncandidate_id: c1\njob: j\n", "2.yaml")
    write(tmp_path, "id: a\ncandidate_id: c1\njob: j\n", "1.yml")
    assert [persona.id for persona in load_personas(tmp_path)] == ["a", "b"]
    write(tmp_path, "id: a\ncandidate_id: c1\njob: j\n", "3.yaml")
    with pytest.raises(InvalidDataError, match="used twice"):
        load_personas(tmp_path)


def test_an_empty_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="no personas here"):
        load_personas(tmp_path)
    with pytest.raises(InvalidDataError, match="cannot be read"):
        load_personas(tmp_path / "none.yaml")


def test_a_relative_audio_folder_counts_from_the_file(tmp_path: Path) -> None:
    persona = load_persona(write(tmp_path, "id: x\ncandidate_id: c1\njob: j\nvoice: {audio: lines}\n"))
    assert persona.voice.audio == tmp_path / "lines"


def test_a_line_file_replaces_the_line(tmp_path: Path) -> None:
    assert load_line(write(tmp_path, "{codec: g722, loss_pct: 3}")).loss_pct == 3
    with pytest.raises(InvalidDataError) as caught:
        load_line(write(tmp_path, "codec: g722\nloss_pct: 300\n"))
    assert caught.value.where == f"{tmp_path / 'p.yaml'}:2"


def test_the_shipped_personas_are_varied() -> None:
    personas = load_personas(SHIPPED) + load_personas(DEMO)
    assert len(personas) >= 20
    phones = [persona.candidate.phone for persona in personas if persona.candidate]
    assert len(set(phones)) == len(phones)
    assert {persona.pickup.how for persona in personas} == set(How)
    assert {persona.line.codec for persona in personas} == set(Codec)
    for needed in (
        any(turn.pause and turn.pause.ms == 700 for persona in personas for turn in persona.turns),
        any(persona.interrupts for persona in personas),
        any(persona.backchannels for persona in personas),
        any(persona.line.loss_pct for persona in personas),
        any(persona.line.jitter_ms for persona in personas),
        any(persona.line.echo_db is not None for persona in personas),
        any(persona.line.snr_db == 10 for persona in personas),
        any(persona.line.snr_db == 20 for persona in personas),
        any(persona.hang_up and persona.hang_up.answering for persona in personas),
    ):
        assert needed
