"""What every HR database must do. A new one is added to STORES and has to pass all of this."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hr_sync.errors import ConflictError, DoNotCallError, InvalidDataError, NotFoundError, StoreError
from hr_sync.records import (
    CallAttempt,
    CallResult,
    CallState,
    Contact,
    DoNotCallEntry,
    DoNotCallReason,
    JobFacts,
    LearnedItem,
    Turn,
)
from hr_sync.sample import load_sample, read_sample
from hr_sync.store import PutCounts, SqliteStore, Store

STORES: dict[str, Callable[[Path], Store]] = {"sqlite": lambda folder: SqliteStore(folder / "hr.db")}

SAMPLE = read_sample()
ZHANG, LI, *_ = SAMPLE.candidates
SALES = next(job for job in SAMPLE.jobs if job.id == "key-account-sales")
JAVA = next(job for job in SAMPLE.jobs if job.id == "java-developer")
SHANGHAI = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)


@pytest.fixture(params=STORES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with STORES[request.param](tmp_path) as store:
        yield store


@pytest.fixture
def store(empty: Store) -> Store:
    load_sample(empty)
    return empty


def attempt(
    call_id: str = "call-1", *, candidate: str = "zhang-wei", job: str = "key-account-sales", owner: str = "a:1:1"
) -> CallAttempt:
    return CallAttempt(call_id=call_id, candidate_id=candidate, job_id=job, started_at=NOW, owner=owner)


def turn(text: str = "你好", *, who: str = "candidate", start_ms: int = 0) -> Turn:
    return Turn(who=who, text=text, start_ms=start_ms, end_ms=start_ms + 900, question="greeting")


def learned(
    kind: str = "slot", key: str = "city", value: object = "杭州", text: str = "我在杭州", after_s: float = 1
) -> LearnedItem:
    return LearnedItem(kind=kind, key=key, value=value, text=text, at=NOW + timedelta(seconds=after_s))


def result(call_id: str = "call-1", **fields: object) -> CallResult:
    return CallResult.model_validate(
        {
            "call_id": call_id,
            "attempt": 1,
            "candidate_id": "zhang-wei",
            "job_id": "key-account-sales",
            "disposition": "completed",
            "started_at": NOW,
            "answered_at": NOW + timedelta(seconds=9),
            "ended_at": NOW + timedelta(seconds=150),
        }
        | fields
    )


# ---- people


def test_candidates_come_back_as_they_were_put(empty: Store) -> None:
    assert empty.put_candidates(SAMPLE.candidates) == PutCounts(new=12)
    for candidate in SAMPLE.candidates:
        assert empty.candidate(candidate.id).model_dump_json() == candidate.model_dump_json()


def test_a_second_put_changes_only_what_differs(store: Store) -> None:
    older = ZHANG.model_copy(update={"tags": (*ZHANG.tags, "已联系"), "honorific": None})
    assert store.put_candidates([older, LI, LI.model_copy(update={"id": "li-na-2"})]) == PutCounts(new=1, changed=1, same=1)
    assert store.candidate(ZHANG.id) == older
    assert store.put_candidates(iter([])) == PutCounts()


def test_a_put_with_a_double_id_writes_nothing(empty: Store) -> None:
    with pytest.raises(InvalidDataError, match="zhang-wei") as refused:
        empty.put_candidates([LI, ZHANG, ZHANG])
    assert refused.value.where == "records 2 and 3"
    assert empty.candidates() == ()


def test_paging_walks_through_all_once(store: Store) -> None:
    seen, after = [], None
    while page := store.candidates(after=after, limit=5):
        assert len(page) <= 5
        seen += [candidate.id for candidate in page]
        after = page[-1].id
    assert seen == sorted(candidate.id for candidate in SAMPLE.candidates)
    with pytest.raises(InvalidDataError):
        store.candidates(limit=0)


def test_a_number_finds_everyone_who_has_it(store: Store) -> None:
    store.put_candidates([LI.model_copy(update={"id": "li-na-2"})])
    assert [candidate.id for candidate in store.find_by_phone(LI.phone)] == ["li-na", "li-na-2"]
    assert store.find_by_phone("+8613999999999") == ()
    with pytest.raises(InvalidDataError):
        store.find_by_phone("13800000002")


@pytest.mark.parametrize("read", ["candidate", "contacts", "job", "attempt", "turns", "learned", "result"])
def test_what_is_not_there_is_named(store: Store, read: str) -> None:
    with pytest.raises(NotFoundError, match="nobody-7") as missing:
        getattr(store, read)("nobody-7")
    assert missing.value.remedy


def test_contacts_are_newest_first_and_include_finished_calls(store: Store) -> None:
    assert [contact.id for contact in store.contacts("zhang-wei")] == ["contact-0002", "contact-0001"]
    store.open_attempt(attempt())
    store.finish(result(interest="hesitant"))
    newest = store.contacts("zhang-wei", limit=1)[0]
    assert (newest.id, newest.channel, newest.outcome, newest.note) == ("call-1", "phone", "completed", "hesitant")
    assert newest.at == result().ended_at
    assert store.contacts("huang-xin")[0] == next(contact for contact in SAMPLE.contacts if contact.candidate_id == "huang-xin")


def test_contacts_of_strangers_are_refused_whole(store: Store) -> None:
    good = Contact(id="new-1", candidate_id="li-na", at=NOW, channel="sms", outcome="delivered")
    for stray in ({"candidate_id": "nobody-7"}, {"job_id": "no-job"}):
        with pytest.raises(NotFoundError, match=next(iter(stray.values()))):
            store.put_contacts([good, good.model_copy(update={"id": "new-2"} | stray)])
    assert "new-1" not in [contact.id for contact in store.contacts("li-na")]
    assert store.put_contacts([good]) == PutCounts(new=1)
    assert store.put_contacts([good]) == PutCounts(same=1)


# ---- jobs


def test_jobs_come_back_as_they_were_put(empty: Store) -> None:
    assert empty.put_jobs(SAMPLE.jobs) == PutCounts(new=4)
    for job in SAMPLE.jobs:
        assert empty.job(job.id).model_dump_json() == job.model_dump_json()
    assert [job.id for job in empty.jobs(after="customer-service", limit=2)] == ["java-developer", "key-account-sales"]
    assert empty.put_jobs(SAMPLE.jobs) == PutCounts(same=4)


def test_a_fact_taken_away_is_gone(store: Store) -> None:
    without = SALES.model_copy(update={"facts": SALES.facts.model_copy(update={"overtime": None, "benefits": ()})})
    assert store.put_jobs([without]) == PutCounts(changed=1)
    assert store.job(SALES.id) == without
    bare = SALES.model_copy(update={"facts": JobFacts()})
    assert store.put_jobs([bare]) == PutCounts(changed=1)
    assert store.job(SALES.id) == bare


def test_pay_or_company_changed_is_a_changed_job(store: Store) -> None:
    pay = SALES.pay.model_copy(update={"performance": 2500})
    assert store.put_jobs([SALES.model_copy(update={"pay": pay})]) == PutCounts(changed=1)
    assert store.job(SALES.id).pay == pay
    company = SALES.company.model_copy(update={"headcount": 480})
    assert store.put_jobs([store.job(SALES.id).model_copy(update={"company": company})]) == PutCounts(changed=1)
    assert store.job(JAVA.id).company == company


def test_jobs_that_disagree_about_their_company_are_refused_whole(empty: Store) -> None:
    other = JAVA.model_copy(update={"company": JAVA.company.model_copy(update={"city": "宁波"})})
    with pytest.raises(InvalidDataError, match="yuchuan"):
        empty.put_jobs([SALES, other])
    assert empty.jobs() == ()


def test_a_brief_holds_all_that_is_known(store: Store) -> None:
    brief = store.brief("zhang-wei", "key-account-sales")
    assert (brief.candidate, brief.job) == (ZHANG, SALES)
    assert brief.contacts == store.contacts("zhang-wei")
    with pytest.raises(NotFoundError, match="no-job"):
        store.brief("zhang-wei", "no-job")


# ---- numbers that are never dialled


def test_a_blocked_number_stays_blocked_with_its_first_reason(store: Store) -> None:
    entry = DoNotCallEntry(number=ZHANG.phone, reason=DoNotCallReason.HR_DECIDED, at=NOW, note="候选人来电要求")
    assert not store.is_blocked(ZHANG.phone)
    assert store.block(entry)
    assert not store.block(entry.model_copy(update={"note": "另一条"}))
    assert store.is_blocked(ZHANG.phone)
    assert store.blocked() == (entry,)
    assert store.blocked(after=ZHANG.phone) == ()
    assert store.unblock(ZHANG.phone)
    assert not store.unblock(ZHANG.phone)
    assert not store.is_blocked(ZHANG.phone)


@pytest.mark.parametrize("number", ["13800000001", "+86 138 0000 0001", "008613800000001", ""])
def test_a_number_in_another_notation_is_no_free_pass(store: Store, number: str) -> None:
    store.block(DoNotCallEntry(number="+8613800000001", reason=DoNotCallReason.REGULATION, at=NOW))
    with pytest.raises(InvalidDataError) as refused:
        store.is_blocked(number)
    assert not number or number not in str(refused.value)


def test_a_blocked_candidate_is_not_called(store: Store) -> None:
    store.block(DoNotCallEntry(number=ZHANG.phone, reason=DoNotCallReason.CANDIDATE_ASKED, at=NOW))
    with pytest.raises(DoNotCallError, match="zhang-wei") as refused:
        store.open_attempt(attempt())
    assert ZHANG.phone not in str(refused.value)
    assert store.attempts("zhang-wei") == ()


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
