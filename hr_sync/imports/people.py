"""Rows of candidates, contacts and numbers never to be called, as records."""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from hr_sync.imports.rows import FieldRow, Sheet, record
from hr_sync.records import Candidate, Contact, DoNotCallEntry, Employment, Record
from hr_sync.store import Store


@dataclass(frozen=True, slots=True)
class Built:
    """A record made of a row, and what stands in its place now (None: nothing)."""

    row: FieldRow
    record: Record
    stored: Record | None


class Directory:
    """Who is in the database, found by id, or by number and name."""

    def __init__(self, store: Store) -> None:
        self._names: dict[str, str] = {}
        self._by_phone: defaultdict[str, list[str]] = defaultdict(list)
        for candidate_id, phone, name in store.candidate_keys():
            self._names[candidate_id] = name
            self._by_phone[phone].append(candidate_id)

    def __contains__(self, candidate_id: str) -> bool:
        return candidate_id in self._names

    def at(self, phone: str) -> list[str]:
        """Ids of those with this number."""
        return self._by_phone.get(phone, [])

    def find(self, row: FieldRow, sheet: Sheet) -> tuple[bool, str | None]:
        """Whether the row is clear, and whom it means: by number and name. None: nobody yet."""
        name, phone = row.values.get("name"), row.values.get("phone")
        if phone is None:
            return True, None
        here = self.at(phone)
        same = [candidate_id for candidate_id in here if name is None or self._names[candidate_id] == name]
        if len(same) == 1:
            return True, same[0]
        if same:
            sheet.refuse(row.number, "phone", f"{len(same)} candidates have this number and name", "give the candidate's id")
            return False, None
        if here:
            sheet.refuse(
                row.number, "name", f"the number belongs to candidate {here[0]} under another name", "correct it, or give the id"
            )
            return False, None
        return True, None


def candidates(sheet: Sheet, store: Store) -> tuple[list[Built], dict[str, date]]:
    """Candidates and, apart, their days of birth. The key is the id; without one, number and name."""
    directory = Directory(store)
    chosen = _keys(sheet, directory)
    stored = store.candidates_of(key for key in chosen.values() if key in directory)
    built: list[Built] = []
    births: dict[str, date] = {}
    for row in sheet.rows:
        key = chosen.get(row.number)
        if key is None:
            continue
        before = stored.get(key)
        values = {path: value for path, value in row.values.items() if not path.startswith("last.") and path != "birth_date"}
        fields = (before.model_dump() if before else {}) | values | {"id": key}
        if not _employed(fields, row, sheet):
            continue
        made = record(Candidate, fields, row, sheet)
        if made is None:
            continue
        if before is None and len(directory.at(made.phone)) > 0:
            sheet.notice("another candidate in the database has the same number")
        built.append(Built(row, made, before))
        if "birth_date" in row.values:
            births[key] = date.fromisoformat(row.values["birth_date"])
    return built, births


def _keys(sheet: Sheet, directory: Directory) -> dict[int, str]:
    """The candidate each row means, by the row's number; rows that mean the same one, or nobody clearly, are refused."""
    chosen: dict[int, str] = {}
    seen: dict[object, int] = {}
    for row in sheet.rows:
        key = row.values.get("id")
        mark: object = key or (row.values.get("phone"), row.values.get("name"))
        if key is None:
            if "phone" not in row.values:
                sheet.refuse(row.number, "phone", "neither number nor id is given", "fill in the number")
                continue
            clear, key = directory.find(row, sheet)
            if not clear:
                continue
            mark = key or mark
        if mark in seen:
            sheet.refuse(row.number, "id" if "id" in row.values else "phone", f"the same candidate as row {seen[mark]}", "keep one")
            continue
        seen[mark] = row.number
        chosen[row.number] = key or f"c-{secrets.token_hex(8)}"
    return chosen


def _employed(fields: dict[str, Any], row: FieldRow, sheet: Sheet) -> bool:
    """Put the latest employment of a flat row in its place among the others."""
    last = {path.removeprefix("last."): value for path, value in row.values.items() if path.startswith("last.")}
    if not last:
        return True
    if not {"employer", "start"} <= last.keys():
        sheet.notice("an employer without the day it began was left out")
        return True
    made = record(Employment, {"role": ""} | last, row, sheet, inside="last.")
    if made is None:
        return False
    if made.end is not None and made.end < made.start:
        sheet.refuse(row.number, "last.end", "the employment ends before it begins", "correct the dates")
        return False
    others = [
        item
        for item in map(Employment.model_validate, fields.get("employments", ()))
        if (item.employer, item.start) != (made.employer, made.start)
    ]
    fields["employments"] = tuple(sorted([made, *others], key=lambda item: item.start, reverse=True))
    return True


def contacts(sheet: Sheet, store: Store) -> list[Built]:
    """Earlier contacts; the candidate is named by id, or by number and name."""
    directory = Directory(store)
    jobs = {job.id for job in _all_jobs(store)}
    rows: list[tuple[FieldRow, dict[str, Any]]] = []
    seen: dict[str, int] = {}
    for row in sheet.rows:
        values = {path: value for path, value in row.values.items() if path not in {"phone", "name"}}
        who = values.get("candidate_id")
        if who is None:
            clear, who = directory.find(row, sheet)
            if not clear:
                continue
        if who is None or who not in directory:
            path = "candidate_id" if "candidate_id" in values else "phone"
            sheet.refuse(row.number, path, "there is no such candidate", "import the candidate first, or correct it")
            continue
        if values.get("job_id") is not None and values["job_id"] not in jobs:
            sheet.refuse(row.number, "job_id", "there is no such job", "import the job first, or correct the id")
            continue
        values["candidate_id"] = who
        key = values.setdefault("id", _contact_id(values))
        if key in seen:
            sheet.refuse(row.number, "id" if "id" in row.values else None, f"the same contact as row {seen[key]}", "keep one")
            continue
        seen[key] = row.number
        rows.append((row, values))
    stored = store.contacts_of([values["id"] for _, values in rows])
    built = []
    for row, values in rows:
        before = stored.get(values["id"])
        made = record(Contact, (before.model_dump() if before else {}) | values, row, sheet)
        if made is not None:
            built.append(Built(row, made, before))
    return built


def _contact_id(values: dict[str, Any]) -> str:
    """The same contact always gets the same id, so that it is not doubled; made of ids and times alone, not of the number."""
    parts = [str(values.get(name, "")) for name in ("candidate_id", "job_id", "at", "channel")]
    return "contact-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def blocks(sheet: Sheet, store: Store, now: str) -> list[Built]:
    """Numbers never to be called; one that stands there already stays as it is."""
    built = []
    seen: dict[str, int] = {}
    for row in sheet.rows:
        made = record(DoNotCallEntry, {"at": now, "reason": "hr_decided"} | row.values, row, sheet)
        if made is None:
            continue
        if made.number in seen:
            sheet.refuse(row.number, "number", f"the same number as row {seen[made.number]}", "keep one")
            continue
        seen[made.number] = row.number
        built.append(Built(row, made, made if store.is_blocked(made.number) else None))
    return built


def _all_jobs(store: Store) -> tuple[Any, ...]:
    found: list[Any] = []
    while page := store.jobs(after=found[-1].id if found else None, limit=500):
        found += page
    return tuple(found)
