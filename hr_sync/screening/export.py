"""A screening as a table for people (CSV, XLSX) or for programs (JSONL): everyone, with place, score and reasons."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from hr_sync.errors import InvalidDataError
from hr_sync.neutral import neutral
from hr_sync.records import Candidate, ScreenedCandidate, ScreeningOutcome
from hr_sync.store import Store

HEADERS = (
    "结果 outcome", "名次 place", "分数 score", "编号 id", "姓名 name", "手机号 phone", "城市 city", "学历 degree", "专业 major",
    "理由", "reasons",
)  # fmt: skip
_OUTCOMES = {ScreeningOutcome.MATCHED: "符合", ScreeningOutcome.UNCLEAR: "待核实", ScreeningOutcome.NOT_MATCHED: "不符合"}
_MARKS = {True: "✓", False: "✗", None: "?"}
_PAGE = 1000


def export(store: Store, screening_id: str, path: Path, outcomes: Sequence[ScreeningOutcome] = tuple(ScreeningOutcome)) -> int:
    """Write a screening's candidates to a file that only its owner can read.

    Args:
        store: the database.
        screening_id: the screening.
        path: .csv, .xlsx or .jsonl decides the form.
        outcomes: whom to write.

    Returns:
        Candidates written.

    Raises:
        InvalidDataError: another suffix.
        NotFoundError: no such screening.
    """
    writers = {".csv": _csv, ".xlsx": _xlsx, ".jsonl": _jsonl}
    if path.suffix.lower() not in writers:
        raise InvalidDataError(f"exports are not written as {path.suffix}", where=str(path), remedy=", ".join(writers))
    store.screening(screening_id)
    path.touch(0o600)
    path.chmod(0o600)
    return writers[path.suffix.lower()](path, _everyone(store, screening_id, outcomes))


def _everyone(
    store: Store, screening_id: str, outcomes: Sequence[ScreeningOutcome]
) -> Iterator[tuple[ScreenedCandidate, Candidate]]:
    for outcome in outcomes:
        place = 0
        while page := store.screened(screening_id, outcome, after=place, limit=_PAGE):
            people = store.candidates_of(item.candidate_id for item in page)
            yield from (
                (item, people[item.candidate_id]) for item in page if item.candidate_id in people
            )  # not who was just erased
            place = page[-1].place


def _line(item: ScreenedCandidate, person: Candidate) -> list[Any]:
    return [
        _OUTCOMES[item.outcome], item.place, item.score, person.id, person.name, person.phone, person.city, person.degree,
        person.major, _reasons(item, "zh"), _reasons(item, "en"),
    ]  # fmt: skip


def _reasons(item: ScreenedCandidate, language: str) -> str:
    return ("；" if language == "zh" else "; ").join(f"{_MARKS[reason.met]} {getattr(reason, language)}" for reason in item.reasons)


def _csv(path: Path, rows: Iterator[tuple[ScreenedCandidate, Candidate]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as sink:  # with a mark, or Excel takes it for GBK
        writer = csv.writer(sink)
        writer.writerow(HEADERS)
        for row in rows:
            writer.writerow([neutral(cell) for cell in _line(*row)])
            count += 1
    return count


def _xlsx(path: Path, rows: Iterator[tuple[ScreenedCandidate, Candidate]]) -> int:
    count = 0
    book = Workbook(write_only=True)
    sheet = book.create_sheet("screening")
    sheet.append(HEADERS)
    for row in rows:
        sheet.append([neutral(cell) for cell in _line(*row)])
        count += 1
    book.save(path)
    return count


def _jsonl(path: Path, rows: Iterator[tuple[ScreenedCandidate, Candidate]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as sink:
        for item, _ in rows:
            sink.write(item.model_dump_json() + "\n")
            count += 1
    return count
