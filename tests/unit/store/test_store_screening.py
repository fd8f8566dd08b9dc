"""Screenings and days of birth: the contract of every store."""

from datetime import date

import pytest

from hr_sync.errors import ConflictError, InvalidDataError, NotFoundError, StoreError
from hr_sync.records import Requirements, ScreeningOutcome, ScreeningReason, Sector
from hr_sync.store import Store
from hr_sync.store.base import ScreeningDraft
from tests.unit.store.store_cases import NOW, SAMPLE

DEGREE = ScreeningReason(rule="degree", met=True, zh="本科，符合", en="bachelor, enough")
CITY = ScreeningReason(rule="city", met=False, zh="人在北京", en="lives in Beijing")
OPEN_CITY = ScreeningReason(rule="city", met=None, zh="没写城市", en="no city given")


def draft(screening_id: str = "list-1", **fields: object) -> ScreeningDraft:
    values = {
        "id": screening_id,
        "job_id": "key-account-sales",
        "at": NOW,
        "as_of": date(2026, 11, 22),
        "sector": Sector.PRIVATE,
        "requirements": Requirements(degree_at_least="bachelor"),
        "reasons": [DEGREE, CITY, OPEN_CITY],
        "candidates": [
            ("li-na", ScreeningOutcome.MATCHED, 91.5, (0,)),
            ("zhang-wei", ScreeningOutcome.MATCHED, 80.0, (0,)),
            ("huang-xin", ScreeningOutcome.NOT_MATCHED, None, (0, 1)),
            ("he-jing", ScreeningOutcome.UNCLEAR, None, (0, 2)),
        ],
    }
    return ScreeningDraft(**(values | fields))  # type: ignore[arg-type]


def someone(*, but: tuple[str, ...]) -> str:
    return next(candidate.id for candidate in SAMPLE.candidates if candidate.id not in but)


def written(store: Store, screening_id: str = "list-1") -> ScreeningDraft:
    unclear = someone(but=("li-na", "zhang-wei", "huang-xin"))
    given = draft(screening_id)
    return draft(screening_id, candidates=[*given.candidates[:3], (unclear, ScreeningOutcome.UNCLEAR, None, (0, 2))])


def test_a_screening_comes_back_as_it_was_written(store: Store) -> None:
    put = store.put_screening(written(store))
    assert store.screening("list-1") == put
    assert put.candidate_ids == ("li-na", "zhang-wei")
    assert (put.considered, put.unclear, put.not_matched) == (4, 1, 1)
    assert put.matched[0].score == 91.5
    assert put.matched[0].reasons == (DEGREE,)
    assert (put.at, put.as_of, put.requirements) == (NOW, date(2026, 11, 22), Requirements(degree_at_least="bachelor"))
    (left,) = store.screened("list-1", ScreeningOutcome.NOT_MATCHED)
    assert (left.candidate_id, left.score, left.reasons) == ("huang-xin", None, (DEGREE, CITY))
    (open_,) = store.screened("list-1", ScreeningOutcome.UNCLEAR)
    assert open_.reasons[1].met is None
    assert [each.candidate_id for each in store.screened("list-1", ScreeningOutcome.MATCHED, after=1)] == ["zhang-wei"]


def test_screenings_are_listed_newest_first(store: Store) -> None:
    store.put_screening(written(store, "list-1"))
    store.put_screening(draft("list-2", at=NOW.replace(hour=11), candidates=[]))
    assert [each.id for each in store.screenings()] == ["list-2", "list-1"]
    assert [each.id for each in store.screenings("key-account-sales", limit=1)] == ["list-2"]
    assert store.screenings("java-developer") == ()
    assert store.screenings()[1].matched == ()


def test_a_screening_is_refused_whole(store: Store) -> None:
    store.put_screening(written(store))
    with pytest.raises(ConflictError, match="list-1"):
        store.put_screening(written(store))
    with pytest.raises(NotFoundError, match="no-job"):
        store.put_screening(draft("list-3", job_id="no-job"))
    with pytest.raises(StoreError):
        store.put_screening(draft("list-4", candidates=[("nobody-7", ScreeningOutcome.MATCHED, 50.0, (0,))]))
    assert [each.id for each in store.screenings()] == ["list-1"]
    with pytest.raises(NotFoundError, match="list-4"):
        store.screening("list-4")
    with pytest.raises(NotFoundError):
        store.screened("list-4", ScreeningOutcome.MATCHED)


def test_columns_are_in_the_order_of_ids_and_only_what_screening_may_see(store: Store) -> None:
    columns = store.candidate_columns(["id", "degree", "skills"])
    assert columns["id"] == sorted(candidate.id for candidate in SAMPLE.candidates)
    place = columns["id"].index("zhang-wei")
    assert columns["degree"][place] == "bachelor"
    assert "大客户销售" in columns["skills"][place]
    for private in ("name", "phone", "notes", "last_pay", "birth_date", "*", "id; DROP TABLE candidates"):
        with pytest.raises(InvalidDataError):
            store.candidate_columns(["id", private])


def test_days_of_birth_are_read_for_an_age_rule_alone(store: Store) -> None:
    days = {"zhang-wei": date(1995, 5, 6), "li-na": date(1996, 7, 8)}
    assert store.put_birth_dates(days) == 2
    assert store.put_birth_dates(days | {"li-na": date(1996, 7, 9)}) == 1
    assert store.birth_dates("public-sector-technician") == days | {"li-na": date(1996, 7, 9)}
    with pytest.raises(ConflictError, match="age rule"):
        store.birth_dates("key-account-sales")
    with pytest.raises(NotFoundError):
        store.birth_dates("no-job")
    with pytest.raises(StoreError):
        store.put_birth_dates({"nobody-7": date(1990, 1, 1)})
    assert "1995" not in store.candidate("zhang-wei").model_dump_json(exclude={"employments", "graduated"})
