"""Resumes: what is read from them, what is never kept, and what a person does with it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hr_sync.errors import ConflictError, InvalidDataError, NotFoundError
from hr_sync.records import Candidate
from hr_sync.records.resumes import Resume, ResumeState
from hr_sync.resumes.intake import confirm, files_in, read_files, reject
from hr_sync.resumes.periods import period
from hr_sync.resumes.reading import propose
from hr_sync.resumes.text import read_text
from hr_sync.store import SqliteStore
from tests.unit.resume_kit import LISTS, SAMPLES, SCALARS, TODAY, read, resume_of, score, sources, table

FIRST = sources("tuning")[0]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "hr.db") as opened:
        yield opened


# ---- how much is read


def test_the_samples_the_rules_were_written_on_are_read_without_a_mistake() -> None:
    tally = score("tuning")
    assert tally.told == [], table(tally)
    assert sum(tally.right.values()) >= 230


def test_resumes_nobody_looked_at_while_writing_the_rules() -> None:
    """Measured when they were made: precision 0.953, recall 0.911 over 12 resumes; no rule was changed for them."""
    tally = score("held_out")
    both = (*SCALARS, *LISTS)
    assert tally.precision(both) >= 0.94, table(tally)
    assert tally.recall(both) >= 0.90, table(tally)
    assert tally.precision(["phone", "email"]) == tally.recall(["phone", "email"]) == 1


def test_there_are_samples_enough_in_every_form() -> None:
    files = [resume_of(source) for folder in ("tuning", "held_out") for source in sources(folder)]
    assert len(files) >= 24
    assert {path.suffix for path in files} == {".pdf", ".docx", ".txt"}


@pytest.mark.parametrize("folder", ["tuning", "held_out"])
def test_nothing_that_may_not_be_kept_is_kept(folder: str) -> None:
    for source in sources(folder):
        if "pdf-scan" in source.read_text("utf-8"):
            continue
        kept = read(source).model_dump_json()
        for word in ("已婚", "未婚", "民族", "回族", "维吾尔族", "籍贯", "喀什", "健康", "性别", "1992.05", "33岁", "31岁"):
            assert word not in kept, source.name


def test_every_field_tells_where_it_was_read_and_how_sure_it_is() -> None:
    proposal = read(FIRST)
    text = read_text(resume_of(FIRST)).split("\n")
    name, phone = proposal.field("name"), proposal.field("phone")
    assert name is not None
    assert phone is not None
    assert (name.text, text[name.line - 1][:6]) == ("姓名:赵志强", "姓名:赵志强")
    assert phone.text in text[phone.line - 1]
    assert all(0.5 <= field.confidence <= 1 for field in proposal.fields)
    names = [field.name for field in proposal.fields]
    assert len(names) == len(set(names))
    assert proposal.field("honorific") is None


# ---- files that cannot be read


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.doc", b"\xd0\xcf\x11\xe0", "type .doc"),
        ("a.png", b"\x89PNG", "type .png"),
        ("a.pdf", b"", "empty"),
        ("a.pdf", b"%PDF-1.4 nonsense", "no text|no PDF"),
        ("a.docx", b"PK\x03\x04 nonsense", "no Word"),
        ("a.docx", b"not at all", "no Word"),
        ("a.txt", b"\xff\xfe\xfd\xfc\x00" * 9, "stops being"),
        ("a.txt", b"Hi", "no text"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InvalidDataError, match=told) as refused:
        read_text(path)
    assert name in (refused.value.where or "")
    assert refused.value.remedy


def test_a_scan_says_that_it_is_one() -> None:
    with pytest.raises(InvalidDataError, match="scan") as refused:
        read_text(SAMPLES / "tuning" / "t10.pdf")
    assert "OCR" in (refused.value.remedy or "")


def test_a_document_that_unpacks_to_hundreds_of_megabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hr_sync.resumes.text._LARGEST_UNPACKED", 2**20)
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", bytes(2**21))
    with pytest.raises(InvalidDataError, match="unpacks"):
        read_text(tmp_path / "a.docx")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), name=st.sampled_from(["t04.pdf", "t03.docx"]), at=st.integers(0, 2500))
def test_a_damaged_file_is_read_or_refused_but_breaks_nothing(tmp_path: Path, data: bytes, name: str, at: int) -> None:
    whole = (SAMPLES / "tuning" / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[:at] + data + whole[at + len(data) :])
    try:
        text = read_text(path)
    except InvalidDataError:
        return
    propose(text, file=name, today=TODAY)


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="姓名:张三 电话13900002001工作经历教育背景2019.07-至今有限公司经理本科大学证书技能希望双休、|\n", max_size=160)
)
def test_no_text_breaks_the_rules(text: str) -> None:
    for field in propose(text, file="张三.pdf", today=TODAY).fields:
        assert field.value not in (None, "", [])


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2019.07-2022.02", date(2019, 7, 1), date(2022, 2, 1)),
        ("2019年7月至今", date(2019, 7, 1), None),
        ("2019/07 ~ 2022/12", date(2019, 7, 1), date(2022, 12, 1)),
        ("2018-2022", date(2018, 1, 1), date(2022, 1, 1)),
        ("2020.03.15—2021.04.01", date(2020, 3, 1), date(2021, 4, 1)),
        ("2019.07 – Present", date(2019, 7, 1), None),
    ],
)
def test_periods(text: str, start: date, end: date | None) -> None:
    found = period(f"某公司 {text} 经理")
    assert found is not None
    assert (found.start, found.end, found.text.strip()) == (start, end, text)


@pytest.mark.parametrize("text", ["2022.02-2019.07", "1380-0000", "2019年业绩翻番", ""])
def test_what_is_no_period(text: str) -> None:
    assert period(text) is None


# ---- what a person does with it


def test_a_folder_is_read_once(store: SqliteStore, tmp_path: Path) -> None:
    folder = tmp_path / "简历"
    (folder / "更多").mkdir(parents=True)
    for name in ("t01.txt", "t02.docx", "t10.pdf"):
        copy(SAMPLES / "tuning" / name, folder)
    copy(SAMPLES / "tuning" / "t04.pdf", folder / "更多")
    copy(SAMPLES / "tuning" / "t01.txt", folder / "again.txt")
    (folder / "~$t02.docx").write_bytes(b"x")
    told: list[tuple[int, int]] = []
    first = read_files(store, files_in(folder), lambda done, total: told.append((done, total)))
    assert (len(first.new), first.known, [each.file for each in first.refused]) == (3, 1, ["t10.pdf"])
    assert told[-1] == (5, 5)
    second = read_files(store, files_in(folder))
    assert (len(second.new), second.known) == (0, 4)
    assert {resume.file for resume in store.resumes(ResumeState.PROPOSED)} == {"again.txt", "t02.docx", "t04.pdf"}
    with pytest.raises(InvalidDataError, match="no resumes"):
        files_in(tmp_path / "empty") if (tmp_path / "empty").mkdir() is None else None


def one(store: SqliteStore, name: str = "t01.txt") -> Resume:
    return read_files(store, [SAMPLES / "tuning" / name]).new[0]


def test_a_proposal_is_nobody_until_a_person_has_confirmed_it(store: SqliteStore) -> None:
    resume = one(store)
    assert store.candidates() == ()
    done = confirm(
        store, resume.id, by="林老师", corrections={"degree": "硕士", "tags": "大客户、制造业", "city": ""}, source="您投递的简历"
    )
    assert (done.state, done.decided_by) == (ResumeState.CONFIRMED, "林老师")
    (candidate,) = store.candidates()
    assert done.candidate_id == candidate.id
    assert (candidate.name, candidate.phone, candidate.degree, candidate.city) == ("赵志强", "+8613900002001", "master", None)
    assert candidate.tags == ("大客户", "制造业")
    assert "希望双休" in candidate.wishes
    assert [item.role for item in candidate.employments] == ["大客户经理", "销售代表"]
    assert candidate.source == "您投递的简历"
    with pytest.raises(ConflictError, match="confirmed already"):
        confirm(store, resume.id, by="林老师", corrections={})
    with pytest.raises(ConflictError):
        reject(store, resume.id, by="林老师")


def test_a_resume_of_someone_known_brings_them_up_to_date(store: SqliteStore) -> None:
    known = Candidate(id="zhao", name="赵志强", phone="+8613900002001", notes="老候选人", honorific="赵先生")
    store.put_candidates([known])
    confirm(store, one(store).id, by="林老师", corrections={})
    (candidate,) = store.candidates()
    assert (candidate.id, candidate.notes, candidate.honorific, candidate.degree) == ("zhao", "老候选人", "赵先生", "bachelor")


def test_a_confirmation_that_cannot_be_changes_nothing(store: SqliteStore) -> None:
    store.put_candidates([Candidate(id="other", name="别人", phone="+8613900002001")])
    resume = one(store)
    for corrections, error in (
        ({}, ConflictError),
        ({"phone": "139"}, InvalidDataError),
        ({"name": ""}, InvalidDataError),
        ({"marriage": "已婚"}, InvalidDataError),
        ({"birth_date": "1990-01-01"}, InvalidDataError),
    ):
        with pytest.raises(error):
            confirm(store, resume.id, by="林老师", corrections=corrections)
    assert store.resume(resume.id).state is ResumeState.PROPOSED
    assert [candidate.id for candidate in store.candidates()] == ["other"]
    with pytest.raises(NotFoundError):
        confirm(store, "resume-none", by="林老师", corrections={})


def test_a_rejected_resume_is_nobody(store: SqliteStore) -> None:
    assert reject(store, one(store).id, by="林老师").state is ResumeState.REJECTED
    assert store.candidates() == ()
    assert store.resumes(ResumeState.PROPOSED) == ()
