"""Results and cursors, many writers, repeated deeds."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hr_sync.errors import ConflictError, NotFoundError, StoreError
from hr_sync.records import (
    CallState,
    DoNotCallEntry,
    DoNotCallReason,
)
from hr_sync.sample import load_sample
from hr_sync.store import Store
from tests.unit.store.store_cases import NOW, STORES, ZHANG, attempt, learned, result, turn

# ---- results


def test_a_result_comes_back_byte_for_byte(store: Store) -> None:
    store.open_attempt(attempt())
    done = result(
        slots={"expected_pay": {"min": 12000, "max": 12000, "period": "month"}, "major": "市场营销"},
        pay_fit={"score": 85, "range": [10000, 13000], "expected": {"min": 12000}},
        transcript=[turn()],
        metrics={"voice_to_voice_ms": {"p50": 812.5, "p95": 1400, "max": 1500.0, "n": 9}},
    )
    assert store.finish(done)
    assert store.result("call-1").model_dump_json() == done.model_dump_json()
    ended = store.attempt("call-1")
    assert (ended.state, ended.answered_at, ended.ended_at) == (CallState.ENDED, done.answered_at, done.ended_at)


def test_finishing_twice_is_finishing_once(store: Store) -> None:
    store.open_attempt(attempt())
    assert store.finish(result())
    assert not store.finish(result())
    with pytest.raises(ConflictError, match="another result"):
        store.finish(result(interest="interested"))
    assert [stored.result for stored in store.results()] == [result()]


@pytest.mark.parametrize("wrong", [{"attempt": 2}, {"candidate_id": "li-na"}, {"job_id": "java-developer"}])
def test_a_result_of_another_attempt_is_refused(store: Store, wrong: dict[str, object]) -> None:
    store.open_attempt(attempt())
    with pytest.raises(ConflictError, match=next(iter(wrong))):
        store.finish(result(**wrong))
    assert store.results() == ()


def test_a_result_of_a_call_that_was_never_opened_is_refused(store: Store) -> None:
    with pytest.raises(NotFoundError, match="call-1"):
        store.finish(result())


def test_a_call_under_way_has_no_result(store: Store) -> None:
    store.open_attempt(attempt())
    with pytest.raises(NotFoundError, match="no result yet"):
        store.result("call-1")


def test_stop_calling_blocks_with_the_result(store: Store) -> None:
    store.open_attempt(attempt())
    store.finish(result(disposition="stop_calling"))
    assert store.blocked() == (
        DoNotCallEntry(number=ZHANG.phone, reason=DoNotCallReason.CANDIDATE_ASKED, at=result().ended_at, call_id="call-1"),
    )


def test_the_result_completes_the_turns(store: Store) -> None:
    store.open_attempt(attempt())
    store.add_turn("call-1", 0, turn("一"))
    said = (turn("一"), turn("二", start_ms=1000), turn("三", start_ms=2000))
    store.finish(result(transcript=said))
    assert store.turns("call-1") == said
    assert not store.add_turn("call-1", 1, said[1])


def test_nothing_is_added_to_a_finished_call(store: Store) -> None:
    store.open_attempt(attempt())
    store.learn("call-1", learned())
    store.finish(result())
    with pytest.raises(ConflictError, match="result already"):
        store.add_turn("call-1", 0, turn())
    with pytest.raises(ConflictError, match="result already"):
        store.learn("call-1", learned(key="major"))
    assert not store.learn("call-1", learned())
    with pytest.raises(ConflictError, match="ended and cannot become talking"):
        store.set_state("call-1", CallState.TALKING, NOW)


def test_a_reader_with_a_cursor_loses_and_doubles_nothing(store: Store) -> None:
    for number in range(1, 8):
        store.open_attempt(attempt(f"call-{number}"))
    for number in (3, 1, 7):
        store.finish(result(f"call-{number}", attempt=number))
    first = store.results(limit=2)
    assert [(stored.cursor, stored.result.call_id) for stored in first] == [(1, "call-3"), (2, "call-1")]
    with pytest.raises(ConflictError):  # uses up no cursor
        store.finish(result("call-2", attempt=5))
    store.finish(result("call-2", attempt=2))
    rest = store.results(after=first[-1].cursor, limit=10)
    assert [(stored.cursor, stored.result.call_id) for stored in rest] == [(3, "call-7"), (4, "call-2")]
    assert store.results(after=4) == ()


def test_unfinished_calls_of_others_are_found(store: Store) -> None:
    store.open_attempt(attempt("mine", owner="me:1:1"))
    store.open_attempt(attempt("done", owner="dead:1:1"))
    store.open_attempt(attempt("left", owner="dead:1:1"))
    store.open_attempt(attempt("hung-up", owner="dead:1:1"))
    store.finish(result("done", attempt=2))
    store.set_state("hung-up", CallState.ENDED, NOW)
    assert [left.call_id for left in store.unfinished(except_owner="me:1:1")] == ["hung-up", "left"]
    assert {left.call_id for left in store.unfinished()} == {"mine", "hung-up", "left"}


# ---- many at once


def test_attempts_opened_at_once_get_different_numbers(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = [made.attempt for made in pool.map(lambda n: store.open_attempt(attempt(f"call-{n}")), range(40))]
    assert sorted(numbers) == list(range(1, 41))


def test_cursors_have_no_gap_while_many_write(store: Store) -> None:
    calls = 60
    done = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        cursor = 0
        while True:
            last_round = done.is_set()
            for stored in store.results(after=cursor, limit=7):
                seen.append(stored.cursor)
                cursor = stored.cursor
            if last_round and not store.results(after=cursor, limit=1):
                return

    def one_call(number: int) -> None:
        opened = store.open_attempt(attempt(f"call-{number}"))
        store.add_turn(opened.call_id, 0, turn())
        store.finish(result(opened.call_id, attempt=opened.attempt, transcript=[turn()]))

    reader = threading.Thread(target=follow)
    reader.start()
    try:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(one_call, range(calls)))
    finally:
        done.set()
        reader.join()
    assert seen == list(range(1, calls + 1))


def test_a_closed_store_says_so(empty: Store) -> None:
    empty.close()
    with pytest.raises(StoreError, match="closed"):
        empty.candidates()


def test_a_sound_store_has_nothing_wrong(store: Store) -> None:
    assert store.check() == ()


# ---- doing things twice, in every order

DEEDS: list[tuple[str, Callable[[Store], object]]] = [
    ("open", lambda store: store.open_attempt(attempt())),
    ("dial", lambda store: store.set_state("call-1", CallState.DIALLING, NOW)),
    ("talk", lambda store: store.set_state("call-1", CallState.TALKING, NOW + timedelta(seconds=9))),
    ("turn-0", lambda store: store.add_turn("call-1", 0, turn("喂"))),
    ("learn", lambda store: store.learn("call-1", learned())),
    ("turn-1", lambda store: store.add_turn("call-1", 1, turn("好的", start_ms=1000))),
    ("stop", lambda store: store.learn("call-1", learned("do_not_call", "candidate", True))),
    (
        "finish",
        lambda store: store.finish(result(disposition="stop_calling", transcript=[turn("喂"), turn("好的", start_ms=1000)])),
    ),
]


def everything(store: Store) -> object:
    return (store.attempt("call-1"), store.turns("call-1"), store.learned("call-1"), store.results(), store.blocked())


@pytest.fixture(scope="module", params=STORES)
def straight(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, object]]:
    """Everything as it is after each deed was done once."""
    with STORES[request.param](tmp_path_factory.mktemp("straight")) as store:
        load_sample(store)
        for _, deed in DEEDS:
            deed(store)
        yield request.param, everything(store)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(repeats=st.lists(st.integers(0, 2), min_size=len(DEEDS), max_size=len(DEEDS)), from_start=st.integers(0, len(DEEDS)))
def test_repeating_leaves_what_doing_once_leaves(
    straight: tuple[str, object], tmp_path_factory: pytest.TempPathFactory, repeats: list[int], from_start: int
) -> None:
    """A worker that repeats steps, or that is started again and replays all of them, changes nothing."""
    kind, expected = straight
    with STORES[kind](tmp_path_factory.mktemp("repeats")) as store:
        load_sample(store)
        for (_, deed), again in zip(DEEDS, repeats, strict=True):
            for _ in range(again + 1):
                deed(store)
        for name, deed in DEEDS[from_start:]:
            if name in {"dial", "talk"}:  # an ended call cannot go back: refused, and nothing changes
                with pytest.raises(ConflictError):
                    deed(store)
            else:
                deed(store)
        assert everything(store) == expected


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(6)), pages=st.lists(st.integers(1, 4), min_size=1))
@pytest.mark.parametrize("kind", STORES)
def test_results_come_in_the_order_of_arrival_whatever_the_pages(
    kind: str, tmp_path_factory: pytest.TempPathFactory, order: list[int], pages: list[int]
) -> None:
    with STORES[kind](tmp_path_factory.mktemp("order")) as store:
        load_sample(store)
        numbers = {call: store.open_attempt(attempt(f"call-{call}")).attempt for call in range(6)}
        for call in order:
            store.finish(result(f"call-{call}", attempt=numbers[call], ended_at=datetime(2026, 1, 1, call, tzinfo=UTC)))
        seen, cursor, turn_of = [], 0, 0
        while page := store.results(after=cursor, limit=pages[turn_of % len(pages)]):
            seen += [(stored.cursor, stored.result.call_id) for stored in page]
            cursor, turn_of = page[-1].cursor, turn_of + 1
        assert seen == [(place, f"call-{call}") for place, call in enumerate(order, 1)]
