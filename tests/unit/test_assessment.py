"""What an assessment is made of: answers, evidence, level and offer, recommendation."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from agi_app.interview.assessment.answers import collect, neutral, spans
from agi_app.interview.assessment.offer import offer_for
from agi_app.interview.assessment.recommendation import recommend
from agi_app.interview.assessment.service import AssessmentService, assess_call
from agi_app.interview.assessment.signs import Phrases, SignReader
from hr_sync.records import CallAttempt, Interest, PayFit, Turn
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from tests.unit.assessment_kit import AT, assessor, brief, call, pack
from tests.unit.test_assessment_validity import FOLLOW_UP, STORY, story


def test_answers_take_their_follow_ups_and_nothing_else() -> None:
    (answer,) = collect(story(), pack(), pack().interviews["standard"])
    assert answer.question == "client_relationship"
    assert answer.competencies == ("customer_relations",)
    assert answer.words == neutral(STORY + FOLLOW_UP)


def test_a_question_of_the_candidates_is_no_answer() -> None:
    asked = "请问加班多吗"
    said = call(
        ("candidate", "client_relationship", asked),
        ("candidate", "client_relationship", STORY),
        doubts=[{"intent": "ask_overtime", "text": asked, "answered": True}],
    )
    (answer,) = collect(said, pack(), pack().interviews["standard"])
    assert answer.words == neutral(STORY)


def test_spans_cover_the_turn_in_order_and_open_its_audio() -> None:
    turn = Turn(who="candidate", text=STORY, start_ms=5000, end_ms=25_000, confidence=0.8)
    found = list(spans(turn))
    assert "".join(span.text for span in found) == STORY
    assert found[0].start_ms == 5000
    assert found[-1].end_ms == 25_000
    assert all(one.end_ms == other.start_ms for one, other in pairwise(found))
    assert all(len(span.text) <= 45 for span in found)


def test_evidence_is_what_was_said_and_where() -> None:
    found = assessor().assess(story(), brief(), AT).competencies[0]
    assert found.id == "customer_relations"
    assert found.title == "客户关系维护"
    assert 1 <= len(found.evidence) <= 3
    for evidence in found.evidence:
        turn = next(turn for turn in story().transcript if turn.start_ms <= evidence.start_ms and evidence.end_ms <= turn.end_ms)
        assert evidence.text in turn.text
    assert [one.start_ms for one in found.evidence] == sorted(one.start_ms for one in found.evidence)


def test_phrases_are_found_by_their_sound() -> None:
    phrases = Phrases(["回访", "续约", "万"])
    assert phrases.found("我每个月都打电话回放，后来就须约了") == ("回访", "续约")
    assert phrases.found("晚上") == ()  # one syllable counts by its character alone


def test_structure_and_figures() -> None:
    reader = SignReader(pack().signs)
    whole = reader.structure(STORY)
    assert whole.missing == () or whole.missing == ("task",)
    assert whole.whole > 0.5
    assert reader.structure("客户都很好").missing == ("situation", "task", "action", "result")
    assert reader.concreteness(STORY).quantities >= 2
    assert reader.concreteness("用户说了三次").quantities == 1
    assert reader.concreteness("我觉得态度决定一切").whole == 0


@pytest.mark.parametrize(
    ("years", "overall", "level", "lowest", "highest"),
    [
        (1, 90, "junior", 9600, 10_000),
        (3, 40, "mid", 10_000, 11_000),
        (3, 65, "mid", 12_000, 13_000),
        (3, 95, "mid", 14_000, 15_000),
        (8, 100, "senior", 19_000, 20_000),
        (8, 20, "mid", 10_000, 11_000),  # surely weak: one level lower
    ],
)
def test_the_score_says_where_in_the_levels_range(years: float, overall: float, level: str, lowest: int, highest: int) -> None:
    offer = offer_for(call(slots={"years_experience": {"years": years}}), brief(), overall, 0.8)
    assert (offer.level, offer.range.min, offer.range.max) == (level, lowest, highest)


def test_without_a_score_the_whole_range_stands() -> None:
    offer = offer_for(call(), brief(years_experience=3), None, 0.0)
    assert offer.range == offer.level_range
    assert offer.position is None
    assert "no_score" in {reason.code for reason in offer.reasons}
    unknown = offer_for(call(), brief(years_experience=None), 70, 0.8)
    assert unknown.level == "junior"
    assert "years_unknown" in {reason.code for reason in unknown.reasons}


@pytest.mark.parametrize(
    ("fields", "overall", "expected", "why"),
    [
        ({}, 80, "invite", "interested_and_good"),
        ({}, 45, "follow_up", "interested_and_middling"),
        ({}, 10, "review", "interested_but_weak"),
        ({}, None, "review", "interested_little_evidence"),
        ({"interest": Interest.HESITANT}, 90, "follow_up", "hesitant"),
        ({"interest": Interest.NOT_INTERESTED}, 90, "talent_pool", "not_interested"),
        ({"disposition": "stop_calling"}, 90, "talent_pool", "asked_not_to_be_called"),
        ({"disposition": "callback"}, None, "call_again", "asked_for_another_time"),
        ({"interest": Interest.UNDETERMINED, "disposition": "partial"}, None, "call_again", "ended_early"),
        ({"pay_fit": PayFit(score=10, range=(10_000, 13_000))}, 90, "follow_up", "interested_but_pay"),
    ],
)
def test_recommendations_never_reject(fields: dict[str, object], overall: float | None, expected: str, why: str) -> None:
    recommendation, reasons = recommend(call(**fields), (), overall, 0.8)
    assert (recommendation, reasons[0].code) == (expected, why)


# ---- after the call


def finished(store: SqliteStore) -> str:
    load_sample(store)
    result = story()
    store.open_attempt(
        CallAttempt(
            call_id=result.call_id,
            candidate_id=result.candidate_id,
            job_id=result.job_id,
            started_at=result.started_at,
            owner="test:1:1",
        )
    )
    store.finish(result)
    return result.call_id


def test_assessing_revises_the_result_once(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "hr.db") as store:
        call_id = finished(store)
        found = assess_call(store, assessor(), call_id)
        scores = store.result(call_id).competencies
        assert [one.name for one in scores] == [one.id for one in found.competencies]
        assert scores[0].score == found.competencies[0].score
        assess_call(store, assessor(), call_id)
        assert store.stored_result(call_id).revision == 2


async def test_what_an_earlier_run_left_is_made_up_for(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "hr.db") as store:
        call_id = finished(store)
        async with AssessmentService(store, assessor) as service, asyncio.timeout(30):
            result = await service.assessed(store.result(call_id), 20)
        assert result.competencies[0].score is not None
        assert store.unassessed() == ()


async def test_a_crash_between_the_revision_and_the_assessment_is_made_up_for(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "hr.db") as store:
        call_id = finished(store)
        found = assess_call(store, assessor(), call_id)
        with store._connections.write() as db:
            db.execute("DELETE FROM assessments")
        async with AssessmentService(store, assessor) as service, asyncio.timeout(30):
            await service.assessed(store.result(call_id), 20)
        assert store.assessment(call_id).overall == found.overall
        assert store.stored_result(call_id).revision == 2


async def test_a_call_that_cannot_be_assessed_holds_up_no_other(tmp_path: Path) -> None:
    class Choosy:
        method = "test"

        def assess(self, result, brief, at):
            if result.call_id == "call-1":
                raise ZeroDivisionError
            return assessor().assess(result, brief, at)

    with SqliteStore(tmp_path / "hr.db") as store:
        finished(store)
        opened = store.open_attempt(
            CallAttempt(call_id="call-2", candidate_id="zhang-wei", job_id="key-account-sales", started_at=AT, owner="test:1:1")
        )
        store.finish(story(call_id="call-2", attempt=opened.attempt))
        async with AssessmentService(store, Choosy) as service, asyncio.timeout(30):
            good = await service.assessed(store.result("call-2"), 20)
            bad = await service.assessed(store.result("call-1"), 20)
        assert good.competencies
        assert not bad.competencies
        assert service.failures == 1
