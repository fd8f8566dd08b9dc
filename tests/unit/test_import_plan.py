"""Imports: tried first, written whole or not at all, never doubled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hr_sync.errors import ConflictError, InvalidDataError
from hr_sync.imports import Kind, apply_plan, read_mapping
from hr_sync.records import Candidate
from hr_sync.sample import load_sample
from hr_sync.store import PutCounts, SqliteStore
from tests.unit.import_kit import PEOPLE, QIAN, ZHAO, csv_file, places, plan


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "hr.db") as opened:
        load_sample(opened)
        yield opened


def by_name(store: SqliteStore, name: str) -> list[Candidate]:
    return [candidate for candidate in store.candidates(limit=1000) if candidate.name == name]


def import_(store: SqliteStore, path: Path, kind: Kind = Kind.CANDIDATES, **options: Any) -> PutCounts:
    return apply_plan(store, plan(store, path, kind, **options))[0]


def written(folder: Path, records: object, name: str = "records.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(records, ensure_ascii=False), "utf-8")
    return path


# ---- candidates


def test_a_trial_writes_nothing(store: SqliteStore, tmp_path: Path) -> None:
    tried = plan(store, csv_file(tmp_path, PEOPLE, ZHAO, QIAN))
    assert tried.counts == PutCounts(new=2)
    assert tried.problems == ()
    assert by_name(store, "赵一") == []


def test_candidates_are_written_and_a_second_time_nothing_changes(store: SqliteStore, tmp_path: Path) -> None:
    path = csv_file(tmp_path, PEOPLE, ZHAO, QIAN, encoding="gb18030")
    assert import_(store, path) == PutCounts(new=2)
    (zhao,) = by_name(store, "赵一")
    assert (zhao.phone, zhao.degree, zhao.major, zhao.years_experience) == ("+8613900001001", "bachelor", "会计学", 3)
    assert import_(store, path) == PutCounts(same=2)
    assert import_(store, csv_file(tmp_path, PEOPLE, ("赵一", "139 0000 1001", "硕士", "", ""), QIAN)) == PutCounts(
        changed=1, same=1
    )
    (again,) = by_name(store, "赵一")
    assert again == zhao.model_copy(update={"degree": "master"})


def test_the_id_is_the_key_where_there_is_one(store: SqliteStore, tmp_path: Path) -> None:
    header = ("候选人编号", "姓名", "手机", "标签")
    assert import_(store, csv_file(tmp_path, header, ("r-1", "赵一", "13900001001", "a"))) == PutCounts(new=1)
    tried = plan(store, csv_file(tmp_path, header, ("r-1", "赵一凡", "13900001009", "a、b")))
    assert [(change.key, change.fields) for change in tried.changes()] == [("r-1", ("name", "phone", "tags"))]
    assert apply_plan(store, tried)[0] == PutCounts(changed=1)
    assert store.candidate("r-1").name == "赵一凡"
    bare = plan(store, csv_file(tmp_path, ("候选人编号", "标签"), ("r-1", "c"), ("r-2", "c")))
    assert places(bare.problems) == [(3, "name"), (3, "phone")]


def test_bad_rows_are_named_and_nothing_is_half_written(store: SqliteStore, tmp_path: Path) -> None:
    rows = [
        ZHAO,
        ("孙三", "139", "本科", "", ""),
        ("李四", "13900001004", "大砖", "", "很多"),
        ("周五", "13900001005", "本科", "=1+1", "-3"),
        ("", "13900001006", "本科", "", ""),
        ZHAO,
    ]
    tried = plan(store, csv_file(tmp_path, PEOPLE, *rows))
    assert places(tried.problems) == [
        (3, "手机号"), (4, "学历"), (4, "工作年限"), (5, "专业"), (5, "工作年限"), (6, "姓名"), (7, "手机号"),
    ]  # fmt: skip
    assert "row 2" in tried.problems[-1].what
    with pytest.raises(InvalidDataError, match="7 problems") as refused:
        apply_plan(store, tried)
    assert refused.value.where == "people.csv, row 3, column 手机号"
    assert by_name(store, "赵一") == []


def test_a_number_under_another_name_is_no_new_person(store: SqliteStore, tmp_path: Path) -> None:
    tried = plan(store, csv_file(tmp_path, PEOPLE, ("张维", "13800000001", "", "", "")))
    assert places(tried.problems) == [(2, "姓名")]
    assert "zhang-wei" in tried.problems[0].what
    assert import_(store, csv_file(tmp_path, PEOPLE, ("张伟", "13800000001", "硕士", "", ""))) == PutCounts(changed=1)


def test_what_may_not_be_known_is_left_out(store: SqliteStore, tmp_path: Path) -> None:
    header = ("姓名", "手机号", "婚姻状况", "民族（必填）", "出生日期", "备注")
    row = ("赵一", "13900001001", "已婚", "汉", "1995-05-06", "已婚已育，能出差")
    tried = plan(store, csv_file(tmp_path, header, row))
    assert tried.assignment.protected == ("婚姻状况", "民族（必填）")
    assert tried.assignment.left_out == ("出生日期",)
    assert list(tried.notices.values()) == [1]
    apply_plan(store, tried)
    (zhao,) = by_name(store, "赵一")
    assert zhao.notes == "能出差"
    assert b"1995-05-06" not in (tmp_path / "hr.db").read_bytes() + (tmp_path / "hr.db-wal").read_bytes()
    assert import_(store, csv_file(tmp_path, header, row), birth_dates=True) == PutCounts(same=1)
    assert str(store.birth_dates("public-sector-technician")[zhao.id]) == "1995-05-06"
    assert places(plan(store, csv_file(tmp_path, header, (*row[:4], "1995-02-30", "")), birth_dates=True).problems) == [
        (2, "出生日期")
    ]


def test_the_last_employment_of_a_flat_row_joins_the_others(store: SqliteStore, tmp_path: Path) -> None:
    header = ("候选人编号", "公司", "职位", "入职时间", "离职时间")
    import_(store, csv_file(tmp_path, header, ("zhang-wei", "宁波甲有限公司", "销售总监", "2026-10", "")))
    assert [item.role for item in store.candidate("zhang-wei").employments] == ["销售总监", "大客户经理", "销售代表"]
    tried = plan(
        store, csv_file(tmp_path, header, ("zhang-wei", "甲", "总监", "2026-10", "2025-01"), ("li-na", "乙", "主管", "", ""))
    )
    assert places(tried.problems) == [(2, "离职时间")]
    assert sum(tried.notices.values()) == 1


def test_a_mapping_names_foreign_headers_and_words(store: SqliteStore, tmp_path: Path) -> None:
    mapping = tmp_path / "ehr.yaml"
    mapping.write_text(
        "columns: {XM: name, SJH: phone, XL: degree, 内部评级: null}\nvalues: {degree: {10: 本科}}\n"
        "defaults: {source: 您在官网投递的简历}\ndelimiter: '|'\nencoding: gb18030\n",
        "utf-8",
    )
    path = csv_file(tmp_path, ("XM", "SJH", "XL", "内部评级"), ("赵一", "13900001001", "10", "A"), encoding="gbk", delimiter="|")
    tried = plan(store, path, mapping=read_mapping(mapping))
    assert tried.assignment.left_out == ("内部评级",)
    apply_plan(store, tried)
    (zhao,) = by_name(store, "赵一")
    assert (zhao.degree, zhao.source) == ("bachelor", "您在官网投递的简历")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("columns: {姓: name}", "no column 姓"),
        ("columns: {姓名: nmae}", "no field nmae"),
        ("columns: {学历: name}", "both fill name"),
        ("column: {}", "Extra inputs"),
        ("a: [", "not YAML"),
        ("values: {name: x}", "dictionary"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(store: SqliteStore, tmp_path: Path, text: str, told: str) -> None:
    mapping = tmp_path / "ehr.yaml"
    mapping.write_text(text, "utf-8")
    with pytest.raises(InvalidDataError, match=told):
        plan(store, csv_file(tmp_path, PEOPLE, ZHAO), mapping=read_mapping(mapping))


@pytest.mark.parametrize("page", ["hr-data.md", "hr-data.zh-CN.md"])
def test_the_mapping_of_the_page_can_be_used(store: SqliteStore, tmp_path: Path, page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text("utf-8")
    mapping = tmp_path / "page.yaml"
    mapping.write_text(text.split("```yaml\n")[1].split("```")[0], "utf-8")
    path = csv_file(tmp_path, ("应聘人", "手机", "学历", "内部评级"), ("赵一", "13900001001", "20", "A"), encoding="gb18030")
    import_(store, path, mapping=read_mapping(mapping))
    (zhao,) = by_name(store, "赵一")
    assert (zhao.degree, zhao.source) == ("college", "您在我们招聘官网投递的简历")


def test_a_file_without_a_known_header_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="no header") as refused:
        plan(store, csv_file(tmp_path, ("甲", "乙"), ("1", "2")))
    assert "header-row" in (refused.value.remedy or "")


# ---- the three checks


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda arrived: replace(arrived, after=arrived.after - 1), "counts"),
        (lambda arrived: replace(arrived, fields=lambda names: [*arrived.fields(names)][:-1]), "checksums"),
        (lambda arrived: replace(arrived, read=lambda keys: {}), "did not arrive"),
        (
            lambda arrived: replace(
                arrived, read=lambda keys: {k: v.model_copy(update={"school": "x"}) for k, v in arrived.read(keys).items()}
            ),
            "differs in school",
        ),
    ],
)
def test_an_import_that_arrives_wrong_is_not_kept(store: SqliteStore, tmp_path: Path, spoil: Any, told: str) -> None:
    tried = plan(store, csv_file(tmp_path, PEOPLE, ZHAO, QIAN))
    write = store.write_import

    def spoiled(batch: Any, check: Any) -> PutCounts:
        return write(batch, lambda arrived: check(spoil(arrived)))

    store.write_import = spoiled  # type: ignore[method-assign]
    with pytest.raises(ConflictError, match=told) as refused:
        apply_plan(store, tried)
    assert "赵一" not in str(refused.value)
    assert by_name(store, "赵一") == []


def test_the_checks_are_kept_with_the_import(store: SqliteStore, tmp_path: Path) -> None:
    _, checks = apply_plan(store, plan(store, csv_file(tmp_path, PEOPLE, ZHAO, QIAN)))
    assert checks["counts"] == {"before": 12, "new": 2, "after": 14}
    assert checks["sample"]["records"] == 2
    with store._connections.read() as db:
        (row,) = db.query("SELECT * FROM imports")
    assert json.loads(row["checks"]) == checks
    assert (row["file"], row["new"], row["kind"]) == ("people.csv", 2, "candidates")


# ---- jobs, pay, facts


JOB = {
    "岗位编号": "clerk", "岗位名称": "出纳", "公司编号": "yuchuan", "薪资编号": "pay-clerk", "学历要求": "大专", "专业要求": "会计、财务管理",
    "工作年限要求": "2年", "岗位亮点": "团队稳定，离地铁近", "招聘负责人": "林老师", "负责人邮箱": "lin@yuchuan.example", "求职状态要求": "在职、离职",
}  # fmt: skip
PAY = {"薪资编号": "pay-clerk", "底薪": "5k-6k", "绩效工资": "1000", "补贴": "餐补:400;交通:200", "薪资范围": "6k-7k"}


def test_pay_then_a_job_then_its_facts(store: SqliteStore, tmp_path: Path) -> None:
    company = store.job("key-account-sales").company.id
    pay = csv_file(tmp_path, tuple(PAY), tuple(PAY.values()), name="pay.csv")
    job = csv_file(tmp_path, tuple(JOB), tuple((JOB | {"公司编号": company}).values()), name="jobs.csv")
    unpaid = plan(store, job, Kind.JOBS)
    assert places(unpaid.problems) == [(2, "薪资编号")]
    assert import_(store, pay, Kind.PAY) == PutCounts(new=1)
    assert import_(store, pay, Kind.PAY) == PutCounts(same=1)
    assert import_(store, job, Kind.JOBS) == PutCounts(new=1)
    assert import_(store, job, Kind.JOBS) == PutCounts(same=1)
    clerk = store.job("clerk")
    assert clerk.pay.range.model_dump() == {"min": 6000, "max": 7000}
    assert clerk.pay.allowances == {"餐补": 400, "交通": 200}
    assert (clerk.requirements.degree_at_least, clerk.requirements.majors) == ("college", ("会计", "财务管理"))
    assert clerk.requirements.status == ("employed", "left")
    facts = csv_file(
        tmp_path, ("岗位编号", "福利", "加班", "试用期", "试用期薪资比例"), ("clerk", "餐补、体检", "偶尔", "3", "80%")
    )
    assert import_(store, facts, Kind.FACTS) == PutCounts(changed=1)
    assert import_(store, facts, Kind.FACTS) == PutCounts(same=1)
    told = store.job("clerk").facts
    assert (told.benefits, told.probation and told.probation.pay_percent) == (("餐补", "体检"), 80)
    more = csv_file(tmp_path, ("岗位编号", "试用期说明"), ("clerk", "按月评估"))
    import_(store, more, Kind.FACTS)
    probation = store.job("clerk").facts.probation
    assert probation is not None
    assert (probation.months, probation.note) == (3, "按月评估")


def test_offers_that_cannot_be_are_named(store: SqliteStore, tmp_path: Path) -> None:
    pay = csv_file(
        tmp_path,
        (*PAY, "发薪日"),
        ("p-1", "-5000", "1000", "", "6k", "10"),
        ("p-2", "5k-6k", "1k", "", "6k", "32"),
        ("", "5k", "", "", "", ""),
    )
    assert places(plan(store, pay, Kind.PAY).problems) == [(2, "底薪"), (3, "发薪日"), (4, "薪资编号")]
    facts = csv_file(tmp_path, ("job_id", "加班", "团队人数"), ("no-job", "无", "3"), ("java-developer", "天天", "x"))
    assert places(plan(store, facts, Kind.FACTS).problems) == [(2, "job_id"), (3, "加班"), (3, "团队人数")]
    age = csv_file(tmp_path, ("岗位编号", "年龄上限", "年龄依据"), ("java-developer", "35", "无"))
    (problem,) = plan(store, age, Kind.JOBS).problems
    assert "public-sector" in problem.what


def test_records_of_another_hireline_come_in_as_they_are(store: SqliteStore, tmp_path: Path) -> None:
    everyone = [candidate.model_dump(mode="json") for candidate in store.candidates()]
    assert import_(store, written(tmp_path, everyone)) == PutCounts(same=12)
    pay = store.job("java-developer").pay
    changed = pay.model_dump(mode="json") | {"allowances": {"餐补": 999}}
    assert import_(store, written(tmp_path, [changed]), Kind.PAY) == PutCounts(changed=1)
    assert store.job("java-developer").pay == pay.model_copy(update={"allowances": {"餐补": 999}})
    company = store.job("java-developer").company.model_dump(mode="json") | {"headcount": 77}
    assert import_(store, written(tmp_path, company), Kind.COMPANIES) == PutCounts(changed=1)
    assert store.job("java-developer").company.headcount == 77


# ---- contacts, numbers


def test_contacts_find_their_candidate_and_are_not_doubled(store: SqliteStore, tmp_path: Path) -> None:
    header = ("姓名", "手机号", "时间", "方式", "结果", "岗位编号")
    row = ("张伟", "13800000001", "2026-11-01 10:00", "电话", "约了面试", "key-account-sales")
    path = csv_file(tmp_path, header, row)
    assert import_(store, path, Kind.CONTACTS) == PutCounts(new=1)
    assert import_(store, path, Kind.CONTACTS) == PutCounts(same=1)
    newest = store.contacts("zhang-wei")[0]
    assert (newest.channel, newest.outcome, newest.job_id) == ("phone", "约了面试", "key-account-sales")
    bad = csv_file(
        tmp_path, header, ("无人", "13900009999", *row[2:]), (*row[:5], "no-job"), (*row[:2], "2026-02-30", *row[3:]), row, row
    )
    assert places(plan(store, bad, Kind.CONTACTS).problems) == [(2, "手机号"), (3, "岗位编号"), (4, "时间"), (6, None)]


def test_numbers_never_to_be_called(store: SqliteStore, tmp_path: Path) -> None:
    path = csv_file(tmp_path, ("号码", "原因", "时间"), ("139 0000 1001", "本人要求", "2026-11-01"), ("0571-88881234", "", ""))
    assert import_(store, path, Kind.DO_NOT_CALL) == PutCounts(new=2)
    assert store.is_blocked("+8613900001001")
    assert store.is_blocked("+8657188881234")
    assert {entry.reason for entry in store.blocked()} == {"candidate_asked", "hr_decided"}
    assert import_(store, path, Kind.DO_NOT_CALL) == PutCounts(same=2)
    doubled = csv_file(tmp_path, ("号码", "原因"), ("13900001002", ""), ("+8613900001002", ""), ("1390000", "看心情"))
    assert places(plan(store, doubled, Kind.DO_NOT_CALL).problems) == [(3, "号码"), (4, "号码"), (4, "原因")]
