"""Candidates, contacts, jobs and numbers that are never dialled."""

import pytest

from hr_sync.errors import DoNotCallError, InvalidDataError, NotFoundError
from hr_sync.records import (
    Contact,
    DoNotCallEntry,
    DoNotCallReason,
    JobFacts,
)
from hr_sync.store import PutCounts, Store
from tests.unit.store.store_cases import JAVA, LI, NOW, SALES, SAMPLE, ZHANG, attempt, result

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
