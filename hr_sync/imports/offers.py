"""Rows of companies, pay structures, jobs and facts, as records."""

from __future__ import annotations

from typing import Any

from hr_sync.errors import NotFoundError
from hr_sync.imports.people import Built
from hr_sync.imports.rows import FieldRow, Sheet, nested, record
from hr_sync.records import Company, Job, JobFacts, PayStructure, Record
from hr_sync.store import Store


def companies(sheet: Sheet, store: Store) -> list[Built]:
    """Companies, by id."""
    return _by_id(sheet, Company, store.companies())


def pay(sheet: Sheet, store: Store) -> list[Built]:
    """Pay structures, by id."""
    return _by_id(sheet, PayStructure, store.pay_structures())


def _by_id(sheet: Sheet, kind: type[Company | PayStructure], stored: dict[str, Any]) -> list[Built]:
    built = []
    for row in _keyed(sheet, "id"):
        before = stored.get(row.values["id"])
        made: Record | None = record(kind, nested(row.values, before.model_dump() if before else None), row, sheet)
        if made is not None:
            built.append(Built(row, made, before))
    return built


def jobs(sheet: Sheet, store: Store) -> list[Built]:
    """Jobs, by id; their company and pay structure are named by id and have to be there."""
    companies_, pays = store.companies(), store.pay_structures()
    built = []
    for row in _keyed(sheet, "id"):
        values = dict(row.values)
        before = _stored(store, values["id"])
        known = _named("company", companies_, values, row, sheet) & _named("pay", pays, values, row, sheet)
        if known:
            fields = nested(values, before.model_dump() if before else None)
            made = record(Job, fields, row, sheet)
            if made is not None:
                built.append(Built(row, made, before))
    return built


def facts(sheet: Sheet, store: Store) -> list[Built]:
    """What may be told about jobs; a topic that is given is laid over what is known of it."""
    built = []
    for row in _keyed(sheet, "job_id"):
        before = _stored(store, row.values["job_id"])
        if before is None:
            sheet.refuse(row.number, "job_id", "there is no such job", "import the job first, or correct the id")
            continue
        values = {path: value for path, value in row.values.items() if path != "job_id"}
        made = record(JobFacts, nested(values, before.facts.model_dump()), row, sheet)
        if made is not None:
            built.append(Built(row, before.model_copy(update={"facts": made}), before))
    return built


def _keyed(sheet: Sheet, path: str) -> list[FieldRow]:
    """Rows with a key of their own; the others are refused."""
    found = []
    seen: dict[str, int] = {}
    for row in sheet.rows:
        key = row.values.get(path)
        if key is None:
            sheet.refuse(row.number, path, "the id is missing", "give each its own id")
        elif key in seen:
            sheet.refuse(row.number, path, f"the same id as row {seen[key]}", "keep one")
        else:
            seen[key] = row.number
            found.append(row)
    return found


def _named(path: str, known: dict[str, Any], values: dict[str, Any], row: FieldRow, sheet: Sheet) -> bool:
    """Put a company or pay structure in the place of its id."""
    if path not in values:
        return True
    if values[path] not in known:
        sheet.refuse(row.number, path, f"there is no such {'company' if path == 'company' else 'pay structure'}", "import it first")
        return False
    values[path] = known[values[path]]
    return True


def _stored(store: Store, job_id: str) -> Job | None:
    try:
        return store.job(job_id)
    except NotFoundError:
        return None
