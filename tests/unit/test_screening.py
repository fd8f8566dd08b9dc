"""Screening: who meets a job's requirements, why, and why the others do not."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from hr_sync.errors import ConflictError, InvalidDataError, NotFoundError
from hr_sync.records import AgeRule, Candidate, Employment, Job, Requirements, ScreenedCandidate, ScreeningOutcome, Sector
from hr_sync.sample import load_sample, read_sample
from hr_sync.screening import draft_of, screen
from hr_sync.screening.columns import Texts
from hr_sync.screening.export import export
from hr_sync.screening.terms import MajorFit, major_fit
from hr_sync.store import SqliteStore

DAY = date(2026, 11, 22)
JOBS = {job.id: job for job in read_sample().jobs}
CLERK, PUBLIC = JOBS["java-developer"], JOBS["public-sector-technician"]


def someone(candidate_id: str, **fields: Any) -> Candidate:
    return Candidate.model_validate({"id": candidate_id, "name": "某人", "phone": "+8613900001001"} | fields)


def work(role: str, start: str, end: str | None = None, **fields: str) -> Employment:
    return Employment.model_validate({"employer": "某某有限公司", "role": role, "start": start, "end": end} | fields)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "hr.db") as opened:
        opened.put_jobs(JOBS.values())
        yield opened


def outcome_of(store: SqliteStore, job: Job, requirements: Requirements, *people: Candidate) -> dict[str, ScreenedCandidate]:
    """Screen these people alone for the job with other requirements."""
    store.put_jobs([job.model_copy(update={"requirements": requirements})])
    store.put_candidates(people)
    made = screen(store, job.id, as_of=DAY)
    return {item.candidate_id: item for outcome in ScreeningOutcome for item in store.screened(made.id, outcome, limit=1000)}


def met(found: dict[str, ScreenedCandidate]) -> dict[str, bool | None]:
    return {candidate_id: item.reasons[0].met for candidate_id, item in found.items()}


# ---- one rule each


def test_degree_at_least(store: SqliteStore) -> None:
    found = outcome_of(
        store, CLERK, Requirements(degree_at_least="bachelor"),
        someone("a", degree="master"), someone("b", degree="bachelor"), someone("c", degree="college"), someone("d"),
    )  # fmt: skip
    assert met(found) == {"a": True, "b": True, "c": False, "d": None}
    assert found["c"].reasons[0].zh == "学历大专，低于要求的本科"
    assert found["d"].outcome is ScreeningOutcome.UNCLEAR
    assert (found["a"].score or 0) > (found["b"].score or 0)
    assert found["c"].score is None


@pytest.mark.parametrize(
    ("wanted", "given_", "fit"),
    [
        ("会计学", "会计", MajorFit.SAME),
        ("计算机科学与技术", "计算机", MajorFit.SAME),
        ("软件工程", "软件工程（中外合作）", MajorFit.SAME),
        ("计算机类", "网络工程", MajorFit.IN_CLASS),
        ("计算机相关专业", "人工智能", MajorFit.IN_CLASS),
        ("会计学", "财务管理", MajorFit.RELATED),
        ("会计学", "计算机", MajorFit.OTHER),
        ("宠物护理", "宠物护理", MajorFit.SAME),
        ("宠物护理", "农学", MajorFit.OTHER),
    ],
)
def test_majors_by_synonym_and_class(wanted: str, given_: str, fit: MajorFit) -> None:
    assert major_fit(wanted, given_) is fit


def test_a_related_major_is_enough_in_a_company_but_not_for_a_notice(store: SqliteStore) -> None:
    wanted = Requirements(majors=("会计学", "审计学"))
    people = (someone("a", major="会计"), someone("b", major="财务管理"), someone("c", major="英语"), someone("d"))
    assert met(outcome_of(store, CLERK, wanted, *people)) == {"a": True, "b": True, "c": False, "d": None}
    assert met(outcome_of(store, PUBLIC, wanted, *people)) == {"a": True, "b": False, "c": False, "d": None}


def test_certificates_all_of_them(store: SqliteStore) -> None:
    found = outcome_of(
        store, CLERK, Requirements(certificates=("英语六级", "PMP")),
        someone("a", certificates=("大学英语六级证书", "pmp项目管理")), someone("b", certificates=("英语六级",)), someone("c"),
    )  # fmt: skip
    assert met(found) == {"a": True, "b": False, "c": None}
    assert found["b"].reasons[0].zh == "缺少证书PMP"


def test_years_of_work(store: SqliteStore) -> None:
    found = outcome_of(
        store, CLERK, Requirements(years_at_least=3),
        someone("a", years_experience=3), someone("b", years_experience=2.9), someone("c"),
        someone("d", employments=(work("会计", "2020-01-01", "2022-01-01"), work("会计", "2021-01-01", "2023-01-02"))),
        someone("e", employments=(work("会计", "2026-01-01"),)),
    )  # fmt: skip
    assert met(found) == {"a": True, "b": False, "c": None, "d": True, "e": False}
    assert found["b"].reasons[0].zh == "工作2.9年，不足3年"


def test_years_count_in_the_field_alone_and_what_overlaps_once(store: SqliteStore) -> None:
    found = outcome_of(
        store, PUBLIC, Requirements(years_at_least=3, field="环境监测"),
        someone("a", years_experience=10, employments=(work("水质监测员", "2020-01-01", "2023-06-01"), work("销售", "2010-01-01", "2019-01-01"))),
        someone("b", years_experience=10, employments=(work("环境监测员", "2021-01-01", "2023-01-01"), work("监测", "2021-06-01", "2023-01-01", summary="环境检测"))),
        someone("c", years_experience=10, employments=(work("销售", "2010-01-01"),)),
        someone("d", years_experience=10), someone("e", years_experience=1), someone("f"),
    )  # fmt: skip
    assert met(found) == {"a": True, "b": False, "c": False, "d": None, "e": False, "f": None}
    assert found["a"].reasons[0].zh == "环境监测工作3.4年"
    assert found["b"].reasons[0].zh == "环境监测工作2年，不足3年"


def test_skills_all_and_any(store: SqliteStore) -> None:
    people = (
        someone("a", skills=("JAVA", "MySQL")),
        someone("b", skills=("JavaScript", "MySQL")),
        someone("c", skills=("Excel",), employments=(work("开发", "2020-01-01", summary="用Java写后台，用MySQL存数据"),)),
        someone("d", skills=("Excel",)),
        someone("e"),
    )
    every = outcome_of(store, CLERK, Requirements(skills_all=("Java", "MySQL")), *people)
    assert met(every) == {"a": True, "b": False, "c": True, "d": False, "e": None}
    assert every["b"].reasons[0].zh == "缺少技能Java"
    any_ = outcome_of(store, CLERK, Requirements(skills_any=("Java", "MySQL")), *people)
    assert met(any_) == {"a": True, "b": True, "c": True, "d": False, "e": None}
    assert (any_["a"].score or 0) > (any_["b"].score or 0)


def test_city_and_status(store: SqliteStore) -> None:
    wanted = Requirements(cities=("杭州", "上海市"), status=("left", "student"))
    found = outcome_of(
        store, CLERK, wanted,
        someone("a", city="杭州市余杭区", status="left"), someone("b", city="上海", status="employed"), someone("c", city="苏州", status="left"),
        someone("d", city="杭州"),
    )  # fmt: skip
    assert {key: item.outcome.value for key, item in found.items()} == {
        "a": "matched", "b": "not_matched", "c": "not_matched", "d": "unclear",
    }  # fmt: skip


# ---- the age rule


def test_age_counts_on_the_day_of_the_notice_and_to_the_day(store: SqliteStore) -> None:
    people = [someone(name) for name in "abcd"]
    store.put_candidates(people)
    store.put_birth_dates({"a": date(1990, 11, 10), "b": date(1990, 11, 9), "c": date(2004, 1, 1)})
    rule = Requirements(age=AgeRule(max_age=35, notice="某某〔2026〕1号"))
    found = outcome_of(store, PUBLIC, rule, *people)  # registration begins on 9 November 2026
    assert met(found) == {"a": True, "b": False, "c": True, "d": None}
    assert (found["a"].score, found["c"].score) == (100, 100)
    assert "1990" not in str(found) + str(found["b"].reasons)
    later = Requirements(age=AgeRule(max_age=35, notice="某某〔2026〕1号", as_of=date(2026, 11, 10)))
    assert met(outcome_of(store, PUBLIC, later, *people)) == {"a": False, "b": False, "c": True, "d": None}


def test_nobodys_age_is_read_without_such_a_rule(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(job_id: str) -> dict[str, date]:
        raise AssertionError(job_id)

    monkeypatch.setattr(store, "birth_dates", forbidden)
    store.put_candidates([someone("a", degree="bachelor")])
    for job_id in ("java-developer", "key-account-sales", "customer-service"):
        screen(store, job_id, as_of=DAY)
    with pytest.raises(AssertionError, match="public-sector"):
        screen(store, "public-sector-technician", as_of=DAY)


# ---- the whole


def test_the_sample_is_screened_as_a_recruiter_would(store: SqliteStore) -> None:
    load_sample(store)
    made = screen(store, "key-account-sales", as_of=DAY, screening_id="spring")
    assert set(made.candidate_ids) == {"sun-mei", "zhang-wei"}
    assert store.screening("spring") == made
    with pytest.raises(ConflictError):
        screen(store, "key-account-sales", screening_id="spring")
    with pytest.raises(NotFoundError):
        screen(store, "no-job")


def test_the_same_day_gives_the_same_list_in_whatever_order_people_came(tmp_path: Path) -> None:
    people = [
        someone(f"p-{n:02d}", degree="bachelor", city="杭州", major="软件工程", years_experience=n % 3 + 3) for n in range(30)
    ]
    wanted = CLERK.model_copy(update={"requirements": Requirements(degree_at_least="college", years_at_least=3, cities=("杭州",))})
    lists = []
    for seed in range(3):
        with SqliteStore(tmp_path / f"{seed}.db") as store:
            store.put_jobs([wanted])
            for candidate in random.Random(seed).sample(people, len(people)):
                store.put_candidates([candidate])
            draft = draft_of(store, wanted, as_of=DAY)
            lists.append((list(draft.candidates), list(draft.reasons)))
    assert lists[0] == lists[1] == lists[2]
    ranked = [(-(score or 0), candidate_id) for candidate_id, _, score, _ in lists[0][0]]
    assert ranked == sorted(ranked)
    assert len({score for score, _ in ranked}) == 3


def test_no_requirements_keep_nobody_out(store: SqliteStore) -> None:
    found = outcome_of(store, CLERK, Requirements(), someone("a"), someone("b", degree="junior_high"))
    assert {(item.outcome.value, item.score, item.reasons) for item in found.values()} == {("matched", 100, ())}


def test_nobody_in_the_database_is_no_error(store: SqliteStore) -> None:
    assert screen(store, "java-developer", as_of=DAY).considered == 0
    assert screen(store, "public-sector-technician", as_of=DAY).considered == 0


def test_who_was_erased_is_in_no_list_and_the_others_keep_their_places(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hr_sync.screening.export._PAGE", 2)
    store.put_jobs([CLERK.model_copy(update={"requirements": Requirements()})])
    store.put_candidates([someone(name) for name in "abcdef"])
    made = screen(store, CLERK.id, as_of=DAY)
    with store._connections.write() as db:
        db.execute("DELETE FROM candidates WHERE id IN ('b', 'c')")
    assert store.screening(made.id).candidate_ids == ("a", "d", "e", "f")
    assert [item.place for item in store.screening(made.id).matched] == [1, 4, 5, 6]
    assert export(store, made.id, tmp_path / "list.jsonl") == 4


def test_those_nearest_come_first_among_those_left_out(store: SqliteStore) -> None:
    wanted = Requirements(degree_at_least="bachelor", cities=("杭州",))
    store.put_jobs([CLERK.model_copy(update={"requirements": wanted})])
    store.put_candidates([someone("a", degree="college", city="苏州"), someone("b", degree="college", city="杭州")])
    made = screen(store, CLERK.id, as_of=DAY)
    assert [item.candidate_id for item in store.screened(made.id, ScreeningOutcome.NOT_MATCHED)] == ["b", "a"]
    assert PUBLIC.sector is Sector.PUBLIC


@given(
    texts=st.lists(st.text(alphabet="java scriptß大客户İ+#9", max_size=24), max_size=8),
    word=st.sampled_from(["java", "大客户", "c", "s"]),
)
def test_joined_texts_are_searched_like_each_by_itself(texts: list[str], word: str) -> None:
    found = Texts(texts).holding(word) if texts else []
    each = [Texts([text]).holding(word)[0] for text in texts]
    assert list(found) == each
    if word == "大客户":
        assert each == [word in text.casefold() for text in texts]


def test_latin_words_are_whole_words_and_chinese_ones_are_not() -> None:
    texts = ["Django", "Go语言", "cargo", "用go写", "golang", "C++/C", "c#", "大客户经理"]
    assert list(Texts(texts).holding("go")) == [False, True, False, True, False, False, False, False]
    assert list(Texts(texts).holding("c")) == [False, False, False, False, False, True, False, False]
    assert list(Texts(texts).holding("c++")) == [False, False, False, False, False, True, False, False]
    assert list(Texts(texts).holding("客户")) == [False] * 7 + [True]


# ---- out


def test_exports_hold_everyone_and_no_formula(store: SqliteStore, tmp_path: Path) -> None:
    people = (someone("a", degree="bachelor"), someone("b", degree="college", major="=1+1", city="@杭州"), someone("c"))
    store.put_jobs([CLERK.model_copy(update={"requirements": Requirements(degree_at_least="bachelor")})])
    store.put_candidates(people)
    made = screen(store, CLERK.id, as_of=DAY)
    for name in ("list.csv", "list.xlsx", "list.jsonl"):
        assert export(store, made.id, tmp_path / name) == 3
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[3] for row in rows[1:]] == ["a", "c", "b"]
    assert rows[3][5:9] == ["+8613900001001", "'@杭州", "college", "'=1+1"]
    sheet = load_workbook(tmp_path / "list.xlsx").active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert sheet["I4"].value == "'=1+1"
    lines = [json.loads(line) for line in (tmp_path / "list.jsonl").read_text("utf-8").splitlines()]
    assert [(line["candidate_id"], line["outcome"], line["place"]) for line in lines] == [
        ("a", "matched", 1), ("c", "unclear", 1), ("b", "not_matched", 1),
    ]  # fmt: skip
    assert lines[0]["reasons"][0]["en"] == "degree bachelor, at least bachelor"
    with pytest.raises(InvalidDataError, match="pdf"):
        export(store, made.id, tmp_path / "list.pdf")
