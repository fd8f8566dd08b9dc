"""Attempts, turns, what was learned, and what is left behind by a dead process."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from hr_sync.errors import ConflictError, NotFoundError
from hr_sync.records import (
    CallState,
)
from hr_sync.store import Store
from tests.unit.store.store_cases import NOW, ZHANG, attempt, learned, result, turn

# ---- calls


def test_attempts_are_numbered_by_candidate_and_job(store: Store) -> None:
    assert store.open_attempt(attempt("call-1").model_copy(update={"attempt": 9})).attempt == 1
    assert store.open_attempt(attempt("call-2")).attempt == 2
    assert store.open_attempt(attempt("call-3", job="java-developer")).attempt == 1
    assert store.open_attempt(attempt("call-4", candidate="li-na")).attempt == 1
    assert [made.call_id for made in store.attempts("zhang-wei")] == ["call-1", "call-3", "call-2"]
    assert [made.call_id for made in store.attempts("zhang-wei", "key-account-sales")] == ["call-1", "call-2"]


def test_opening_twice_is_opening_once(store: Store) -> None:
    opened = store.open_attempt(attempt())
    store.set_state("call-1", CallState.DIALLING, NOW)
    again = store.open_attempt(attempt(owner="b:2:2"))
    assert (again.attempt, again.owner, again.state) == (opened.attempt, "a:1:1", CallState.DIALLING)
    assert len(store.attempts("zhang-wei")) == 1
    with pytest.raises(ConflictError, match="zhang-wei"):
        store.open_attempt(attempt(candidate="li-na"))
    for stray in ({"candidate": "nobody-7"}, {"job": "no-job"}):
        with pytest.raises(NotFoundError, match=next(iter(stray.values()))):
            store.open_attempt(attempt("call-2", **stray))


def test_an_attempt_keeps_when_it_was_answered_and_ended(store: Store) -> None:
    store.open_attempt(attempt())
    for seconds, state in enumerate((CallState.DIALLING, CallState.RINGING, CallState.TALKING, CallState.ENDED)):
        assert store.set_state("call-1", state, NOW + timedelta(seconds=seconds))
    assert store.attempt("call-1") == attempt().model_copy(
        update={"state": CallState.ENDED, "answered_at": NOW + timedelta(seconds=2), "ended_at": NOW + timedelta(seconds=3)}
    )
    assert store.attempt("call-1").answered_at.tzinfo is not None


PATHS = {
    CallState.PLANNED: (),
    CallState.DIALLING: (CallState.DIALLING,),
    CallState.RINGING: (CallState.DIALLING, CallState.RINGING),
    CallState.TALKING: (CallState.DIALLING, CallState.TALKING),
    CallState.ENDED: (CallState.ENDED,),
}
LEGAL = {
    ("planned", "dialling"), ("dialling", "ringing"), ("dialling", "talking"), ("ringing", "talking"),
    *((state, "ended") for state in ("planned", "dialling", "ringing", "talking")),
}  # fmt: skip


@pytest.mark.parametrize("after", CallState)
@pytest.mark.parametrize("before", CallState)
def test_states_only_move_as_they_may(store: Store, before: CallState, after: CallState) -> None:
    store.open_attempt(attempt())
    for state in PATHS[before]:
        store.set_state("call-1", state, NOW)
    if before is after:
        assert not store.set_state("call-1", after, NOW + timedelta(seconds=5))
        assert store.attempt("call-1").answered_at in (None, NOW)
    elif (before, after) in LEGAL:
        assert store.set_state("call-1", after, NOW)
        assert store.attempt("call-1").state is after
    else:
        with pytest.raises(ConflictError, match=f"{before} and cannot become {after}"):
            store.set_state("call-1", after, NOW)
        assert store.attempt("call-1").state is before


def test_only_one_of_many_may_dial(store: Store) -> None:
    store.open_attempt(attempt())
    with ThreadPoolExecutor(8) as pool:
        moved = list(pool.map(lambda _: store.set_state("call-1", CallState.DIALLING, NOW), range(16)))
    assert moved.count(True) == 1


def test_turns_are_kept_in_order_and_once(store: Store) -> None:
    store.open_attempt(attempt())
    said = [turn("您好，我是屿川软件的智能助手", who="system"), turn("喂", start_ms=900), turn("我期望一万二", start_ms=2000)]
    for index in (1, 0, 2):
        assert store.add_turn("call-1", index, said[index])
    assert not store.add_turn("call-1", 1, said[1])
    assert store.turns("call-1") == tuple(said)
    with pytest.raises(ConflictError, match="turn 1"):
        store.add_turn("call-1", 1, turn("别的"))
    with pytest.raises(NotFoundError, match="call-9"):
        store.add_turn("call-9", 0, said[0])
    assert store.turns("call-1") == tuple(said)


def test_what_is_learned_later_replaces_what_was_learned_before(store: Store) -> None:
    store.open_attempt(attempt())
    assert store.learn("call-1", learned(key="expected_pay", value={"min": 12000, "max": 12000, "period": "month"}))
    assert store.learn("call-1", learned())
    corrected = learned(key="expected_pay", value={"min": 15000, "max": 15000, "period": "month"}, text="不对，是一万五", after_s=4)
    assert store.learn("call-1", corrected)
    assert not store.learn("call-1", corrected)
    assert store.learned("call-1") == (corrected, learned())
    with pytest.raises(NotFoundError, match="call-9"):
        store.learn("call-9", learned())


@pytest.mark.parametrize(("value", "blocked"), [(True, True), (None, True), (False, False)])
def test_never_call_again_takes_effect_when_it_is_said(store: Store, value: bool | None, blocked: bool) -> None:
    store.open_attempt(attempt())
    store.learn("call-1", learned("do_not_call", "candidate", value, "别再打了"))
    assert store.is_blocked(ZHANG.phone) is blocked
    assert [entry.call_id for entry in store.blocked()] == ["call-1"] * blocked


# ---- calls left behind


def test_an_abandoned_call_keeps_all_that_was_written(store: Store) -> None:
    store.open_attempt(attempt())
    store.set_state("call-1", CallState.DIALLING, NOW + timedelta(seconds=1))
    store.set_state("call-1", CallState.TALKING, NOW + timedelta(seconds=9))
    said = (turn("请问现在方便吗", who="system"), turn("方便", start_ms=1500), turn("我期望一万二", start_ms=20_000))
    for index, one in enumerate(said):
        store.add_turn("call-1", index, one)
    pay = {"min": 12000, "max": 12000, "period": "month"}
    store.learn("call-1", learned("consent", "recording", True))
    store.learn("call-1", learned("question", "expected_pay", None))
    store.learn("call-1", learned("slot", "expected_pay", pay))
    store.learn("call-1", learned("question", "start_date", None))
    store.learn("call-1", learned("doubt", "ask_overtime", False, "加班多吗"))
    store.learn("call-1", learned("interest", "interest", "interested"))
    found_at = NOW + timedelta(hours=2)

    made = store.abandon("call-1", found_at, "process a:1:1 is gone", recording="recordings/call-1.wav")

    assert made == store.result("call-1") == store.results()[0].result
    assert (made.disposition, made.interest, made.evidence) == ("partial", "interested", "process a:1:1 is gone")
    assert made.transcript == said
    assert made.slots == {"expected_pay": pay}
    assert made.questions_asked == ("expected_pay", "start_date")
    assert [(doubt.intent, doubt.text, doubt.answered) for doubt in made.doubts] == [("ask_overtime", "加班多吗", False)]
    assert made.consent.recording
    assert made.recording == "recordings/call-1.wav"
    assert made.answered_at == NOW + timedelta(seconds=9)
    assert made.ended_at == made.answered_at + timedelta(milliseconds=20_900)
    assert datetime.fromisoformat(made.metrics["abandoned_at"]) == found_at
    assert store.unfinished() == ()
    assert store.abandon("call-1", found_at + timedelta(hours=1), "again") == made


def test_a_call_that_never_got_through_failed(store: Store) -> None:
    store.open_attempt(attempt())
    store.set_state("call-1", CallState.DIALLING, NOW + timedelta(seconds=1))
    made = store.abandon("call-1", NOW + timedelta(minutes=5), "killed")
    assert (made.disposition, made.answered_at, made.ended_at) == ("system_failed", None, NOW + timedelta(seconds=1))
    assert not made.consent.recording


def test_a_wish_never_to_be_called_survives_the_process(store: Store) -> None:
    store.open_attempt(attempt())
    store.add_turn("call-1", 0, turn("别再打来了"))
    store.learn("call-1", learned("do_not_call", "candidate", True, "别再打来了"))
    assert store.abandon("call-1", NOW + timedelta(minutes=5), "killed").disposition == "stop_calling"
    assert store.is_blocked(ZHANG.phone)


def test_abandoning_a_finished_call_keeps_its_result(store: Store) -> None:
    store.open_attempt(attempt())
    store.finish(result())
    assert store.abandon("call-1", NOW + timedelta(hours=1), "killed") == result()
    with pytest.raises(NotFoundError, match="call-9"):
        store.abandon("call-9", NOW, "killed")


def test_attempts_are_paged_in_the_order_of_their_ids(store: Store) -> None:
    for number in (3, 1, 2):
        store.open_attempt(attempt(f"call-{number}"))
    assert [each.call_id for each in store.calls(limit=2)] == ["call-1", "call-2"]
    assert [each.call_id for each in store.calls(after="call-2", limit=2)] == ["call-3"]
    assert store.calls(after="call-3") == ()
