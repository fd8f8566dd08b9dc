"""How long a large import takes: `python -m tests.bench.imports [--candidates 100000] [--form csv|xlsx] [--state DIR]`.

Makes a file of invented candidates, tries it, writes it, and imports it again; prints one line of JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from openpyxl import Workbook

from hr_sync.imports import Kind, apply_plan, make_plan
from hr_sync.store import SqliteStore

HEADER = (
    "姓名",
    "手机号码",
    "邮箱",
    "城市",
    "学历",
    "专业",
    "毕业院校",
    "毕业时间",
    "工作年限",
    "目前薪资",
    "技能",
    "证书",
    "求职状态",
    "公司",
    "职位",
    "入职时间",
    "备注",
)
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英"
CITIES = ("杭州", "宁波", "上海", "苏州", "南京", "合肥", "成都", "武汉", "广州", "深圳")
DEGREES = ("中专", "大专", "大专", "本科", "本科", "本科", "硕士", "博士")
MAJORS = (
    "会计学",
    "市场营销",
    "计算机科学与技术",
    "软件工程",
    "机械设计制造及其自动化",
    "环境工程",
    "应用化学",
    "英语",
    "电子商务",
    "物流管理",
)
SKILLS = (
    "Java",
    "Spring",
    "MySQL",
    "Excel",
    "SAP",
    "大客户销售",
    "商务谈判",
    "招投标",
    "数据分析",
    "普通话",
    "客户投诉处理",
    "气相色谱",
)
CERTIFICATES = ("英语六级", "初级会计师", "PMP", "驾照", "教师资格证", "生态环境监测人员上岗合格证")
ROLES = ("销售代表", "大客户经理", "Java开发工程师", "客服专员", "会计", "环境监测技术员", "电商运营")


def people(count: int, seed: int = 7) -> Iterator[tuple[object, ...]]:
    """Invented candidates; the numbers count up, so that they are all different."""
    draw = random.Random(seed)
    for index in range(count):
        name = draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.choice((1, 2))))
        yield (
            name, f"139{index:08d}", f"p{index}@mail.example", draw.choice(CITIES), draw.choice(DEGREES), draw.choice(MAJORS),
            f"{draw.choice(CITIES)}学院", f"20{draw.randrange(5, 26):02d}-06-30", f"{draw.randrange(0, 20)}年", draw.randrange(4, 40) * 1000,
            "、".join(draw.sample(SKILLS, 4)), draw.choice(CERTIFICATES), draw.choice(("在职", "离职", "应届生")),
            f"{draw.choice(CITIES)}某某有限公司", draw.choice(ROLES), f"20{draw.randrange(10, 26)}-03-01", "能出差",
        )  # fmt: skip


def write(folder: Path, form: str, count: int) -> Path:
    """The file."""
    path = folder / f"people.{form}"
    if form == "csv":
        with path.open("w", encoding="gb18030", newline="") as sink:
            csv.writer(sink).writerows([HEADER, *people(count)])
    else:
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in (HEADER, *people(count)):
            sheet.append(row)
        book.save(path)
    return path


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--candidates", type=int, default=100_000)
    options.add_argument("--form", choices=("csv", "xlsx"), default="csv")
    options.add_argument("--state", type=Path, help="keep the database here, for the bench of screening")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.state or Path(made)
        path = write(Path(made), chosen.form, chosen.candidates)
        seconds: dict[str, float] = {}
        with SqliteStore(folder / "hireline.db") as store:
            for name in ("first", "again"):
                began, used = time.perf_counter(), time.process_time()
                plan = make_plan(store, path, Kind.CANDIDATES)
                tried = time.perf_counter()
                counts, _ = apply_plan(store, plan)
                seconds |= {
                    f"{name}_trial_s": tried - began,
                    f"{name}_write_s": time.perf_counter() - tried,
                    f"{name}_cpu_s": time.process_time() - used,
                }
                if plan.problems or counts.total != chosen.candidates:
                    raise SystemExit(f"{len(plan.problems)} problems, {counts}")
        report = {"candidates": chosen.candidates, "form": chosen.form} | {name: round(value, 2) for name, value in seconds.items()}
        print(json.dumps(report))


if __name__ == "__main__":
    main()
