"""An import as it would be: what is new, what changes, what cannot be taken. Making a plan writes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping as Table
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import structlog

from hr_sync.errors import InvalidDataError
from hr_sync.imports import offers, people
from hr_sync.imports.checks import check, key_digest
from hr_sync.imports.kinds import Kind
from hr_sync.imports.mapping import Assignment, Mapping, assign
from hr_sync.imports.people import Built
from hr_sync.imports.problems import Problem
from hr_sync.imports.rows import Sheet, read_rows
from hr_sync.imports.source import Progress, Source, read_source
from hr_sync.records import Candidate, Company, Contact, DoNotCallEntry, Job, PayStructure, Record
from hr_sync.store import PutCounts, Store
from hr_sync.store.base import ImportBatch

log = structlog.get_logger(__name__)

_RECORDS: dict[Kind, type[Record]] = {
    Kind.CANDIDATES: Candidate,
    Kind.COMPANIES: Company,
    Kind.JOBS: Job,
    Kind.PAY: PayStructure,
    Kind.FACTS: Job,
    Kind.CONTACTS: Contact,
    Kind.DO_NOT_CALL: DoNotCallEntry,
}


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen to one record."""

    row: int
    key: str
    fields: tuple[str, ...]
    """Fields that differ from what is stored; empty for a new record."""
    new: bool


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do."""

    kind: Kind
    source: Source
    assignment: Assignment
    built: tuple[Built, ...]
    birth_dates: Table[str, date]
    problems: tuple[Problem, ...]
    """In the order of rows. An import with problems is not written."""
    notices: Table[str, int]

    @property
    def counts(self) -> PutCounts:
        """What would be new, changed and the same."""
        new = sum(item.stored is None for item in self.built)
        same = sum(item.stored == item.record for item in self.built)
        return PutCounts(new=new, changed=len(self.built) - new - same, same=same)

    def changes(self) -> list[Change]:
        """What would happen to each record that would not stay as it is, in the order of rows."""
        return [_change(item) for item in self.built if item.stored != item.record]


def make_plan(
    store: Store,
    path: Path,
    kind: Kind,
    *,
    mapping: Mapping | None = None,
    birth_dates: bool = False,
    progress: Progress | None = None,
) -> ImportPlan:
    """Read a file and find out what importing it would do.

    Args:
        store: the database, which is only read.
        path: CSV, TSV, XLSX, JSON or JSONL.
        kind: what its rows are.
        mapping: foreign headers and words.
        birth_dates: whether a column with days of birth is taken (candidates; for age rules of public notices).
        progress: told the stages.

    Raises:
        InvalidDataError: the file as a whole, or the mapping, cannot be used.
    """
    tell: Progress = progress or (lambda _stage, _done, _total: None)
    mapping = mapping or Mapping()
    source = read_source(path, mapping.options, tell)
    assignment = assign(source.headers, kind, mapping, birth_dates=birth_dates)
    if not assignment.columns:
        raise InvalidDataError(
            f"no header of the file is known for {kind}",
            where=f"{source.name}, row {mapping.header_row}",
            remedy="name the headers in a mapping file, or the row they stand in with --header-row",
        )
    sheet = read_rows(source, kind, assignment, mapping, tell)
    tell("comparing", 0, len(source.rows))
    built, births = _build(kind, sheet, store)
    tell("comparing", len(source.rows), len(source.rows))
    problems = sorted(sheet.problems, key=lambda problem: problem.row)
    return ImportPlan(kind, source, assignment, tuple(built), births, tuple(problems), sheet.notices)


def _build(kind: Kind, sheet: Sheet, store: Store) -> tuple[list[Built], dict[str, date]]:
    match kind:
        case Kind.CANDIDATES:
            return people.candidates(sheet, store)
        case Kind.COMPANIES:
            return offers.companies(sheet, store), {}
        case Kind.JOBS:
            return offers.jobs(sheet, store), {}
        case Kind.PAY:
            return offers.pay(sheet, store), {}
        case Kind.FACTS:
            return offers.facts(sheet, store), {}
        case Kind.CONTACTS:
            return people.contacts(sheet, store), {}
        case Kind.DO_NOT_CALL:
            return people.blocks(sheet, store, datetime.now(UTC).isoformat()), {}


def apply_plan(store: Store, plan: ImportPlan, *, progress: Progress | None = None) -> tuple[PutCounts, dict[str, Any]]:
    """Write all of a plan, check it, and keep it only then.

    Returns:
        What was done, and what the three checks compared.

    Raises:
        InvalidDataError: the plan has problems; nothing is written.
        ConflictError: a check failed; nothing is written.
    """
    if plan.problems:
        first = plan.problems[0]
        raise InvalidDataError(
            f"{len(plan.problems)} problems in the file, so nothing was written; the first: {first.what}",
            where=f"{plan.source.name}, row {first.row}" + (f", column {first.column}" if first.column else ""),
            remedy=first.remedy,
        )
    tell: Progress = progress or (lambda _stage, _done, _total: None)
    kind = _RECORDS[plan.kind]
    records = [item.record for item in plan.built]
    now = datetime.now(UTC)
    batch = ImportBatch(
        id=f"import-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        at=now,
        kind=plan.kind.value,
        file=plan.source.name,
        sha256=plan.source.sha256,
        record=kind,
        records=records,
        birth_dates=plan.birth_dates,
    )
    meant = key_digest(kind, records)
    compared: dict[str, Any] = {}

    def checked(arrived: Any) -> dict[str, Any]:  # noqa: ANN401 - ImportedRecords, of the store
        tell("verifying", 0, len(records))
        compared.update(check(kind, records, meant, arrived, plan.source.sha256))
        return compared

    tell("writing", 0, len(records))
    counts = store.write_import(batch, checked)
    tell("verifying", len(records), len(records))
    log.info("import_written", import_id=batch.id, kind=batch.kind, new=counts.new, changed=counts.changed, same=counts.same)
    return counts, compared


def _change(item: Built) -> Change:
    key = getattr(item.record, "id", "")
    if item.stored is None:
        return Change(item.row.number, key, (), new=True)
    before, after = item.stored, item.record
    names = tuple(name for name in type(after).model_fields if getattr(before, name) != getattr(after, name))
    return Change(item.row.number, key, names, new=False)
