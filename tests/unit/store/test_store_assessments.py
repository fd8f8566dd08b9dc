"""Assessments and decisions: what every store must do with them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hr_sync.errors import ConflictError, NotFoundError
from hr_sync.records import CallAttempt, CallResult, CompetencyScore, Disposition, Evidence, MoneyRange
from hr_sync.records.assessment import (
    Assessment,
    CompetencyAssessment,
    Decision,
    DecisionKind,
    Offer,
    Reason,
    Recommendation,
)
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore, Store

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
BOUNDS = MoneyRange(min=10000, max=15000)


def finished(store: Store, call_id: str, *, answered: bool = True, minutes: int = 0) -> CallResult:
    started = AT + timedelta(minutes=minutes)
    attempt = store.open_attempt(
        CallAttempt(call_id=call_id, candidate_id="zhang-wei", job_id="key-account-sales", started_at=started, owner="me")
    )
    result = CallResult(
        call_id=call_id,
        attempt=attempt.attempt,
        candidate_id="zhang-wei",
        job_id="key-account-sales",
        disposition=Disposition.COMPLETED if answered else Disposition.NO_ANSWER,
        started_at=started,
        answered_at=started if answered else None,
        ended_at=started + timedelta(minutes=3),
    )
    store.finish(result)
    return result


def assessment(call_id: str, overall: float = 71.5) -> Assessment:
    evidence = (Evidence(text="续约率九成", start_ms=1000, end_ms=2500),)
    return Assessment(
        call_id=call_id,
        candidate_id="zhang-wei",
        job_id="key-account-sales",
        method="1; zh_CN 1",
        assessed_at=AT,
        competencies=(
            CompetencyAssessment(
                id="customer_relations", title="客户关系维护", score=overall, confidence=0.7, asked=True, evidence=evidence
            ),
        ),
        overall=overall,
        confidence=0.7,
        offer=Offer(level="mid", level_range=BOUNDS, range=MoneyRange(min=12000, max=13000), position=0.6),
        recommendation=Recommendation.INVITE,
        reasons=(Reason(code="interested_and_good", values={"score": overall}),),
        keywords={"客户": 3},
    )


def decision(call_id: str, name: str = "d-1", **changes: object) -> Decision:
    fields = {"id": name, "call_id": call_id, "decision": DecisionKind.ADVANCE, "by": "林晓", "reason": "案例具体", "at": AT}
    return Decision.model_validate(fields | changes)


def test_an_assessment_comes_back_as_it_was_written(store: Store) -> None:
    finished(store, "c-1")
    assert store.put_assessment(assessment("c-1"))
    assert store.assessment("c-1") == assessment("c-1")


def test_the_same_assessment_again_writes_nothing_and_another_replaces_it(store: Store) -> None:
    finished(store, "c-1")
    store.put_assessment(assessment("c-1"))
    later = assessment("c-1").model_copy(update={"assessed_at": AT + timedelta(hours=1)})
    assert not store.put_assessment(later)
    assert store.assessment("c-1").assessed_at == AT
    assert store.put_assessment(assessment("c-1", 40.0))
    assert store.assessment("c-1").overall == 40.0


def test_an_assessment_needs_the_calls_result(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.put_assessment(assessment("nowhere"))
    store.open_attempt(CallAttempt(call_id="c-2", candidate_id="li-na", job_id="key-account-sales", started_at=AT, owner="me"))
    with pytest.raises(NotFoundError, match="no result yet"):
        store.put_assessment(assessment("c-2"))


def test_unassessed_calls_are_the_answered_ones_without_assessment_oldest_first(store: Store) -> None:
    finished(store, "later", minutes=10)
    finished(store, "earlier")
    finished(store, "unanswered", answered=False, minutes=5)
    assert store.unassessed() == ("earlier", "later")
    assert store.unassessed(limit=1) == ("earlier",)
    store.put_assessment(assessment("earlier"))
    assert store.unassessed() == ("later",)
    with pytest.raises(NotFoundError, match="not been assessed"):
        store.assessment("later")


def test_scores_reach_the_result_as_a_revision(store: Store) -> None:
    finished(store, "c-1")
    scores = (CompetencyScore(name="customer_relations", score=71.5, confidence=0.7),)
    store.revise_result("c-1", {"competencies": scores}, reason="assessed")
    assert store.result("c-1").competencies == scores
    assert store.stored_result("c-1").revision == 2


def test_decisions_follow_each_other_and_keep_name_time_and_reason(store: Store) -> None:
    finished(store, "c-1")
    first, second = decision("c-1"), decision("c-1", "d-2", decision=DecisionKind.HOLD, at=AT + timedelta(days=1))
    assert store.decide(first)
    assert not store.decide(first)
    assert store.decide(second)
    assert store.decisions("c-1") == (first, second)
    with pytest.raises(ConflictError):
        store.decide(decision("c-1", reason="改写过的理由"))
    assert store.decisions("c-1")[0].reason == "案例具体"
    with pytest.raises(NotFoundError):
        store.decide(decision("nowhere", "d-3"))


def test_a_decision_and_its_line_in_the_audit_log_are_both_written_or_neither(tmp_path: Path) -> None:
    def broken(db: object) -> None:
        raise ZeroDivisionError

    with SqliteStore(tmp_path / "hr.db") as store:
        load_sample(store)
        finished(store, "c-1")
        with pytest.raises(ZeroDivisionError):
            store.decide(decision("c-1"), note=broken)
        assert store.decisions("c-1") == ()
        noted: list[object] = []
        store.decide(decision("c-1"), note=noted.append)
        store.decide(decision("c-1"), note=noted.append)
        assert len(noted) == 1
