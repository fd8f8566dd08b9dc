"""Three checks that an import arrived as it was meant, made before it becomes durable.

1. counts: what was there, plus what is new, is what is there;
2. checksums: SHA-256 over the key fields of all records, of those meant and of those the database gives back;
3. sample: records drawn at random, compared field by field.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from typing import Any

from hr_sync.errors import ConflictError
from hr_sync.records import Candidate, Company, Contact, DoNotCallEntry, Job, PayStructure, Record
from hr_sync.store.base import ImportedRecords

SAMPLE = 200
"""Records compared field by field; all of them when there are no more."""

_KEY_FIELDS: dict[type[Record], tuple[str, ...]] = {
    Candidate: ("id", "name", "phone", "degree", "major", "city", "years_experience"),
    Company: ("id", "name", "city"),
    PayStructure: ("id", "performance", "performance_cycle", "salary_months"),
    Job: ("id", "title", "sector", "script"),
    Contact: ("id", "candidate_id", "job_id", "channel", "outcome"),
    DoNotCallEntry: ("number",),
}


def key_digest(kind: type[Record], records: Sequence[Record]) -> str:
    """SHA-256 over the key fields of records as they are meant; made before the database is locked."""
    return _digest([getattr(record, name) for name in _KEY_FIELDS[kind]] for record in records)


def check(kind: type[Record], records: Sequence[Record], meant: str, arrived: ImportedRecords, seed: str) -> dict[str, Any]:
    """Run the checks.

    Args:
        kind: of all records.
        records: as they were meant.
        meant: their `key_digest`.
        arrived: as they are in the database.
        seed: what the sample is drawn by, so that it can be drawn again.

    Returns:
        What was compared, for the journal.

    Raises:
        ConflictError: names the check, the record's id and the field, no values.
    """
    key = "number" if kind is DoNotCallEntry else "id"
    if arrived.before + arrived.new != arrived.after:
        raise _failed("counts", f"{arrived.before} were there, {arrived.new} are new, {arrived.after} are there now")
    names = _KEY_FIELDS[kind]
    found = _digest(arrived.fields(names))
    if meant != found:
        raise _failed("checksums", f"of {', '.join(names)}: {meant} was meant, {found} arrived")
    drawn = list(records) if len(records) <= SAMPLE else random.Random(seed).sample(list(records), SAMPLE)  # noqa: S311 - a sample
    stored = arrived.read([getattr(record, key) for record in drawn])
    for record in drawn:
        _compare(record, stored.get(getattr(record, key)), key)
    return {
        "counts": {"before": arrived.before, "new": arrived.new, "after": arrived.after},
        "checksums": {"fields": list(names), "records": len(records), "sha256": meant},
        "sample": {"records": len(drawn), "fields": len(kind.model_fields)},
    }


def _compare(meant: Record, found: Record | None, key: str) -> None:
    label = getattr(meant, "id", "a number")
    if found is None:
        raise _failed("sample", f"{label} did not arrive")
    if isinstance(meant, DoNotCallEntry):  # an older entry for the number stays
        return
    wrong = [name for name in type(meant).model_fields if getattr(meant, name) != getattr(found, name)]
    if wrong:
        raise _failed("sample", f"{label} differs in {', '.join(wrong)}")


def _digest(lines: Iterable[Iterable[Any]]) -> str:
    """SHA-256 over lines of values, whatever their order."""
    total = hashlib.sha256()
    for line in sorted(json.dumps([_plain(value) for value in values], ensure_ascii=False) for values in lines):
        total.update(line.encode() + b"\n")
    return total.hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field
    """A number as the database gives it back, where 12 and 12.0 are one."""
    return float(value) if isinstance(value, (int, float)) else value


def _failed(name: str, what: str) -> ConflictError:
    return ConflictError(
        f"the import failed its check of {name}, so nothing was written: {what}",
        remedy="try again; if it fails again, examine the database with hireline doctor",
    )
