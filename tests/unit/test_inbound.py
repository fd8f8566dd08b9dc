"""Who calls back, which interview goes on, and which name was said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agi_app.config import Settings
from agi_app.dialogue.grammar.reading import read
from agi_app.interview.announcements import load_matcher
from agi_app.interview.inbound import Caller, CallerKind, identify, name_matcher, open_interview
from hr_sync.errors import DoNotCallError
from hr_sync.records import CallAttempt, CallResult, Candidate, Disposition, DoNotCallEntry, DoNotCallReason, Interest
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from tests.unit.dialogue_kit import BRIEF, talk

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "hr.db") as store:
        load_sample(store)
        yield store


def candidate(name: str, number: int, ident: str) -> Candidate:
    return Candidate(id=ident, name=name, phone=f"+861370000{number:04d}")


def called(store: SqliteStore, ident: str, job: str, number: int = 1, **result: Any) -> None:
    call_id = f"{ident}-{job}-{number}"
    store.open_attempt(CallAttempt(call_id=call_id, candidate_id=ident, job_id=job, started_at=NOW, owner="me:1:1"))
    fields: dict[str, Any] = {"disposition": Disposition.PARTIAL, "started_at": NOW, "ended_at": NOW, "attempt": number}
    fields |= {"call_id": call_id, "candidate_id": ident, "job_id": job} | result
    store.finish(CallResult.model_validate(fields))


@pytest.mark.parametrize("number", ["13700000001", "013700000001", "+8613700000001", "8613700000001"])
def test_a_caller_is_known_however_the_trunk_writes_the_number(store: SqliteStore, number: str) -> None:
    store.put_candidates([candidate("张伟", 1, "a")])
    assert identify(store, number) == Caller(CallerKind.KNOWN, ("a",))


def test_several_unknown_and_withheld(store: SqliteStore) -> None:
    store.put_candidates([candidate("张伟", 1, "a"), candidate("李娜", 1, "b")])
    assert identify(store, "13700000001") == Caller(CallerKind.SEVERAL, ("a", "b"))
    assert identify(store, "13700000009") == Caller(CallerKind.UNKNOWN)
    assert identify(store, "10086") == Caller(CallerKind.UNKNOWN)
    assert identify(store, "") == Caller(CallerKind.WITHHELD)


def test_what_the_lookup_says_comes_back_through_the_dialplan() -> None:
    for caller in (Caller(CallerKind.SEVERAL, ("a", "b")), Caller(CallerKind.KNOWN, ("a",)), Caller(CallerKind.WITHHELD)):
        said = caller.variables()
        assert Caller.of_arguments(("inbound", "02886", said["HIRELINE_CALLER"], said["HIRELINE_CANDIDATE"])) == caller
    for arguments in (("inbound",), ("inbound", "1", "", ""), ("inbound", "1", "known", ""), ("inbound", "1", "boss", "a")):
        assert Caller.of_arguments(arguments) == Caller(CallerKind.UNKNOWN)


def test_the_interview_of_the_last_attempt_goes_on_with_what_is_known(store: SqliteStore) -> None:
    store.put_candidates([candidate("张伟", 1, "a")])
    assert open_interview(store, "a") is None
    called(store, "a", "java-developer", slots={"city": "成都"})
    called(
        store,
        "a",
        "customer-service",
        slots={"expected_pay": {"min": 1}},
        questions_asked=("greeting", "pitch"),
        interest="interested",
    )
    called(store, "a", "customer-service", number=2, slots={"start_date": {"in_days": 3}}, disposition="callback")
    opened = open_interview(store, "a")
    assert opened is not None
    assert opened.job_id == "customer-service"
    assert opened.slots == {"expected_pay": {"min": 1}, "start_date": {"in_days": 3}}
    assert opened.asked == {"greeting", "pitch"}
    assert opened.interest is Interest.INTERESTED
    called(store, "a", "customer-service", number=3, disposition="completed")
    assert open_interview(store, "a") is None


def test_who_may_not_be_called_may_call(store: SqliteStore) -> None:
    store.put_candidates([candidate("张伟", 1, "a")])
    store.block(DoNotCallEntry(number="+8613700000001", reason=DoNotCallReason.CANDIDATE_ASKED, at=NOW))
    attempt = CallAttempt(call_id="in-1", candidate_id="a", job_id="customer-service", started_at=NOW, owner="me:1:1")
    with pytest.raises(DoNotCallError):
        store.open_attempt(attempt)
    assert store.open_attempt(attempt, called_us=True).attempt == 1
    assert store.is_blocked("+8613700000001")


@pytest.mark.parametrize(
    ("heard", "who"),
    [
        ("我是李秀英", "b"),
        ("我叫张伟", "a"),
        ("你好我是章威", "a"),
        ("李秀音", "b"),
        ("我是王芳", None),
        ("喂你好", None),
        ("", None),
    ],
)
def test_names_are_heard_by_their_sound(heard: str, who: str | None) -> None:
    matcher = load_matcher(Settings().models / "zh_CN")
    names = name_matcher([candidate("张伟", 1, "a"), candidate("李秀英", 1, "b")], matcher.distance)
    found = names.find(read(heard).syllables, answered=True)
    assert (found[0].kind.id if found else None) == who


def test_what_was_answered_is_not_asked_again() -> None:
    fresh = talk(BRIEF)
    resumed = talk(BRIEF)
    resumed.dialogue.resume({"expected_pay": {"min": 9000, "period": "month"}}, {"pitch"}, Interest.INTERESTED)
    planned, left = ([question.id for question in each.dialogue._state.plan] for each in (fresh, resumed))
    assert "expected_pay" in planned
    assert "pitch" in planned
    assert left == [name for name in planned if name not in {"expected_pay", "pitch"}]
    assert (left[0], left[-1]) == ("consent", "closing")  # asked in every call
    assert resumed.dialogue.outcome().slots == {"expected_pay": {"min": 9000, "period": "month"}}
