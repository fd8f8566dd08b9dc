"""The dialogue by keyboard."""

from __future__ import annotations

import json

from agi_app.dialogue.chat import chat
from hr_sync.records import Disposition
from tests.unit.dialogue_kit import KEEN, PAY_12K, READY, YES, talk


def test_shows_what_is_said_understood_and_learned() -> None:
    played = talk()
    lines = [played.understander.read(line) for line in (YES, READY, KEEN, PAY_12K)]
    typed = iter([*lines[:3], "/hints", "", lines[3]])
    shown: list[tuple[str, str]] = []
    outcome = chat(played.dialogue, lambda: next(typed, None), lambda sort, line: shown.append((sort, line)))
    assert outcome.disposition is Disposition.PARTIAL
    assert outcome.slots["expected_pay"]["min"] == 12000
    assert shown[0] == ("system", "您好，请问是张伟吗？")
    understood = [line for sort, line in shown if sort == "understood"]
    assert len(understood) == 4  # silence and /hints are not understood
    assert "agree 0.95" in understood[0]
    assert '"min": 12000' in understood[3]
    assert any(sort == "learned" and line.startswith("slot expected_pay") for sort, line in shown)
    assert sum(sort == "hints" for sort, _ in shown) == 1
    last = json.loads(shown[-1][1])
    assert shown[-1][0] == "outcome"
    assert last["disposition"] == "partial"
    assert last["consent"] == {"recording": True}


def test_keys_and_the_end() -> None:
    played = talk()
    typed = iter([played.understander.read(YES), "#2", "", ""])
    shown: list[tuple[str, str]] = []
    outcome = chat(played.dialogue, lambda: next(typed, None), lambda sort, line: shown.append((sort, line)))
    assert outcome.disposition is Disposition.CALLBACK
    assert "ended: callback" in [line for sort, line in shown if sort == "reason"][-1]
