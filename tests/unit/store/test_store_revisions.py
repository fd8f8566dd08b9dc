"""Results that are revised after their call: new cursor, same call."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from hr_sync.errors import ConflictError, InvalidDataError, NotFoundError
from hr_sync.records import CompetencyScore
from hr_sync.store import Store, StoredResult
from tests.unit.store.store_cases import NOW, attempt, result, turn

SCORES = (CompetencyScore(name="teamwork", score=71, confidence=0.8),)


@pytest.fixture
def called(store: Store) -> Store:
    """Three calls with their results at the cursors 1, 2 and 3."""
    for number in (1, 2, 3):
        store.open_attempt(attempt(f"call-{number}"))
        store.finish(result(f"call-{number}", attempt=number))
    return store


def seen(store: Store, after: int = 0) -> list[tuple[int, str, int]]:
    return [(stored.cursor, stored.result.call_id, stored.revision) for stored in store.results(after)]


def test_a_revised_result_appears_again_under_the_next_cursor(called: Store) -> None:
    revised = called.revise_result("call-1", {"competencies": SCORES}, reason="assessed")
    assert revised == StoredResult(4, result("call-1", competencies=SCORES), 2)
    assert called.stored_result("call-1") == revised
    assert called.result("call-1") == revised.result
    assert seen(called, after=3) == [(4, "call-1", 2)], "who had read everything reads it again"
    assert seen(called) == [(2, "call-2", 1), (3, "call-3", 1), (4, "call-1", 2)], "who reads from the start reads it once"


def test_a_reader_in_the_middle_misses_nothing(called: Store) -> None:
    (first,) = called.results(limit=1)
    called.revise_result("call-1", {"interest": "hesitant"}, reason="corrected")
    called.revise_result("call-3", {"interest": "interested"}, reason="corrected")
    called.revise_result("call-1", {"interest": "interested"}, reason="corrected")
    assert seen(called, after=first.cursor) == [(2, "call-2", 1), (5, "call-3", 2), (6, "call-1", 3)]


def test_a_revision_that_changes_nothing_is_none(called: Store) -> None:
    called.revise_result("call-1", {"competencies": SCORES}, reason="assessed")
    assert called.revise_result("call-1", {"competencies": SCORES}, reason="assessed").revision == 2
    assert called.revise_result("call-2", {}, reason="assessed").revision == 1
    assert seen(called) == [(2, "call-2", 1), (3, "call-3", 1), (4, "call-1", 2)]


def test_what_is_searched_for_follows_the_revision(called: Store) -> None:
    slots = {"expected_pay": {"min": 12000, "max": 13000, "period": "month"}}
    revised = called.revise_result("call-1", {"slots": slots, "recording": None}, reason="corrected")
    assert revised.result.slots == slots
    assert revised.result.model_dump_json() == called.result("call-1").model_dump_json()


@pytest.mark.parametrize(
    "changes",
    [
        {"call_id": "call-9"}, {"attempt": 5}, {"candidate_id": "li-na"}, {"disposition": "partial"}, {"ended_at": NOW},
        {"transcript": [turn()]}, {"consent": {"recording": True}}, {"interest": "interested", "job_id": "java-developer"},
    ],
)  # fmt: skip
def test_what_happened_in_the_call_stays(called: Store, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidDataError, match="cannot be revised"):
        called.revise_result("call-1", changes, reason="corrected")
    assert called.stored_result("call-1") == StoredResult(1, result("call-1"), 1)


@pytest.mark.parametrize(
    "changes", [{"interest": "张先生很想来"}, {"competencies": [{"name": "张先生", "score": 700}]}, {"mood_of": 1}]
)
def test_values_that_do_not_fit_are_refused_without_being_told(called: Store, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidDataError) as refused:
        called.revise_result("call-1", changes, reason="corrected")
    assert "张先生" not in str(refused.value)
    assert next(iter(changes)) in str(refused.value)
    assert seen(called) == [(1, "call-1", 1), (2, "call-2", 1), (3, "call-3", 1)]


def test_only_a_result_can_be_revised(store: Store) -> None:
    with pytest.raises(NotFoundError, match="call-1"):
        store.revise_result("call-1", {}, reason="assessed")
    store.open_attempt(attempt())
    with pytest.raises(NotFoundError, match="no result yet"):
        store.revise_result("call-1", {}, reason="assessed")


def test_the_end_of_a_call_can_be_repeated_after_a_revision(called: Store) -> None:
    called.revise_result("call-1", {"interest": "interested"}, reason="corrected")
    called.revise_result("call-1", {"interest": "hesitant"}, reason="corrected")
    assert not called.finish(result("call-1"))
    with pytest.raises(ConflictError, match="another result"):
        called.finish(result("call-1", interest="hesitant"))
    assert called.result("call-1").interest == "hesitant"


def test_revisions_of_different_fields_at_once_are_both_kept(called: Store) -> None:
    def revise(number: int) -> None:
        if number % 2:
            called.revise_result("call-1", {"interest": "interested"}, reason="corrected")
        else:
            called.revise_result("call-1", {"competencies": SCORES}, reason="assessed")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(revise, range(16)))
    assert called.stored_result("call-1") == StoredResult(5, result("call-1", interest="interested", competencies=SCORES), 3)
