"""Answers for the assessment's tests, and a call that holds them."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agi_app.config import load_settings
from agi_app.dialogue.pack import Pack, load_pack
from agi_app.dialogue.understander import load_encoder
from agi_app.interview.assessment.answers import Answer, spans
from agi_app.interview.assessment.assessor import Assessor
from hr_sync.records import CallBrief, CallResult, Turn
from hr_sync.records.assessment import CompetencyAssessment
from hr_sync.sample import read_sample

DATA = Path(__file__).parents[1] / "data" / "assessment"
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
SAMPLE = read_sample()


@cache
def pack() -> Pack:
    return load_pack(load_settings().models / "zh_CN")


@cache
def assessor() -> Assessor:
    settings = load_settings()
    return Assessor(pack(), load_encoder(settings.weights, settings.state))


def graded(part: str) -> list[dict[str, Any]]:
    """Answers with their grades: `answers` or `held-out`."""
    return list(yaml.safe_load((DATA / f"{part}.yaml").read_text("utf-8")))


@cache
def assessed(text: str, competency: str, *, question: str = "client_relationship", heard: float = 0.8) -> CompetencyAssessment:
    """One competency scored from one answer."""
    turn = Turn(who="candidate", text=text, start_ms=10_000, end_ms=40_000, confidence=heard)
    return assessor().competencies([Answer(question, (competency,), tuple(spans(turn)))], [competency])[0]


def brief(candidate: str = "zhang-wei", job: str = "key-account-sales", **changes: Any) -> CallBrief:
    person = next(one for one in SAMPLE.candidates if one.id == candidate)
    return CallBrief(
        candidate=person.model_copy(update=changes), job=next(one for one in SAMPLE.jobs if one.id == job), contacts=()
    )


def call(*turns: tuple[str, str, str], **fields: Any) -> CallResult:
    """A call of (who, question, text) turns, three seconds each."""
    transcript = [
        Turn(
            who=who,
            text=text,
            start_ms=3000 * place,
            end_ms=3000 * place + 2900,
            question=question,
            confidence=None if who == "system" else 0.8,
        )
        for place, (who, question, text) in enumerate(turns)
    ]
    return CallResult.model_validate(
        {
            "call_id": "call-1",
            "attempt": 1,
            "candidate_id": "zhang-wei",
            "job_id": "key-account-sales",
            "disposition": "completed",
            "interest": "interested",
            "started_at": AT,
            "answered_at": AT + timedelta(seconds=8),
            "ended_at": AT + timedelta(minutes=4),
            "transcript": transcript,
        }
        | fields
    )
