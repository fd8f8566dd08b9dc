"""How long a screening takes: `python -m tests.bench.screening [--candidates 100000] [--runs 7]`.

Fills a database with invented candidates, half of them with employments, and screens them for each job of the sample; prints a line
of JSON a job. `screen_s` is the screening alone, `kept_s` with every candidate's reasons written to the database.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from hr_sync.records import Candidate, Employment
from hr_sync.sample import load_sample
from hr_sync.screening import draft_of
from hr_sync.store import SqliteStore
from tests.bench.imports import CERTIFICATES, CITIES, DEGREES, MAJORS, ROLES, SKILLS

_DAY = date(2026, 11, 22)
_CODES = {"中专": "vocational", "大专": "college", "本科": "bachelor", "硕士": "master", "博士": "doctor"}


def candidate(index: int, draw: random.Random) -> Candidate:
    """An invented candidate with up to three employments."""
    employments = []
    end = _DAY
    for _ in range(draw.choice((0, 1, 2, 3))):
        start = end - timedelta(days=draw.randrange(200, 2000))
        role = draw.choice(ROLES)
        employments.append(
            Employment(
                employer=f"{draw.choice(CITIES)}某某有限公司",
                role=role,
                start=start,
                end=end,
                summary=f"负责{role}相关工作，{draw.choice(SKILLS)}",
            )
        )
        end = start
    return Candidate(
        id=f"c-{index:06d}", name="某人", phone=f"+86139{index:08d}", city=draw.choice(CITIES), degree=_CODES[draw.choice(DEGREES)],
        major=draw.choice(MAJORS), years_experience=draw.randrange(0, 20), status=draw.choice(("employed", "left", None)),
        skills=tuple(draw.sample(SKILLS, draw.randrange(0, 6))), certificates=tuple(draw.sample(CERTIFICATES, draw.randrange(0, 3))),
        employments=tuple(employments),
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--candidates", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=7)
    chosen = options.parse_args()
    draw = random.Random(7)
    with tempfile.TemporaryDirectory() as folder, SqliteStore(Path(folder) / "hr.db", busy_limit_s=60) as store:
        load_sample(store)
        store.put_candidates(candidate(index, draw) for index in range(chosen.candidates))
        store.put_birth_dates({f"c-{index:06d}": date(1980 + index % 25, 1 + index % 12, 1) for index in range(chosen.candidates)})
        for job in store.jobs():
            screened, kept, cpu = [], [], []
            for _ in range(chosen.runs):
                began, used = time.perf_counter(), time.process_time()
                draft = draft_of(store, job, as_of=_DAY)
                screened.append(time.perf_counter() - began)
                cpu.append(time.process_time() - used)
                result = store.put_screening(draft)
                kept.append(time.perf_counter() - began)
            report = {
                "job": job.id, "candidates": result.considered, "matched": len(result.matched), "unclear": result.unclear,
                "reasons": len(draft.reasons), "runs": chosen.runs,
                "screen_s": {"p50": round(statistics.median(screened), 2), "max": round(max(screened), 2)},
                "screen_cpu_s": round(statistics.median(cpu), 2), "kept_s": {"p50": round(statistics.median(kept), 2), "max": round(max(kept), 2)}, "load": os.getloadavg()[0],
            }  # fmt: skip
            print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
