"""Imports in the SQLite store: written and checked in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from hr_sync.records import Candidate, Company, Contact, DoNotCallEntry, Job, PayStructure, Record
from hr_sync.store import jobs as job_rows
from hr_sync.store import people
from hr_sync.store.base import ImportBatch, ImportedRecords, PutCounts
from hr_sync.store.connection import Connections
from hr_sync.store.rows import (
    Row,
    candidate_of,
    candidate_row,
    company_row,
    contact_of,
    contact_row,
    do_not_call_of,
    do_not_call_row,
    pay_of,
    pay_row,
    to_json,
    utc,
)
from hr_sync.store.screening import write_birth_dates
from hr_sync.store.upsert import batches, by_id, refuse_doubles, upsert

_BATCH = 500
_TABLES: dict[type[Record], tuple[str, str]] = {
    Candidate: ("candidates", "id"),
    Company: ("companies", "id"),
    PayStructure: ("pay_structures", "id"),
    Job: ("jobs", "id"),
    Contact: ("contacts", "id"),
    DoNotCallEntry: ("do_not_call", "number"),
}
_ROWS: dict[type[Record], Callable[[Any], Row]] = {
    Candidate: candidate_row,
    Company: company_row,
    PayStructure: pay_row,
    Contact: contact_row,
    DoNotCallEntry: do_not_call_row,
}


class ImportTables:
    """The part of a `Store` that takes imports."""

    _connections: Connections

    def candidate_keys(self) -> list[tuple[str, str, str]]:
        """See `Store.candidate_keys`."""
        with self._connections.read() as db:
            return db.execute("SELECT id, phone, name FROM candidates ORDER BY id").fetchall()

    def candidates_of(self, ids: Iterable[str]) -> dict[str, Candidate]:
        """See `Store.candidates_of`."""
        with self._connections.read() as db:
            return {key: candidate_of(_plain(row)) for key, row in by_id(db, "candidates", list(ids)).items()}

    def companies(self) -> dict[str, Company]:
        """See `Store.companies`."""
        with self._connections.read() as db:
            return {row["id"]: Company.model_validate(_plain(row)) for row in db.query("SELECT * FROM companies")}

    def pay_structures(self) -> dict[str, PayStructure]:
        """See `Store.pay_structures`."""
        with self._connections.read() as db:
            return {row["id"]: pay_of(_plain(row)) for row in db.query("SELECT * FROM pay_structures")}

    def contacts_of(self, ids: Iterable[str]) -> dict[str, Contact]:
        """See `Store.contacts_of`."""
        with self._connections.read() as db:
            return {key: contact_of(_plain(row)) for key, row in by_id(db, "contacts", list(ids)).items()}

    def write_import(self, batch: ImportBatch, check: Callable[[ImportedRecords], Mapping[str, Any]]) -> PutCounts:
        """See `Store.write_import`."""
        kind = batch.record
        key = _TABLES[kind][1]
        keys = [getattr(record, key) for record in batch.records]
        refuse_doubles(batch.kind, keys)
        rows = [_ROWS[kind](record) for record in batch.records] if kind in _ROWS else []  # outside the transaction: others wait
        with self._connections.write() as db:
            before = _count(db, kind)
            counts = _write(db, batch, rows)
            write_birth_dates(db, batch.birth_dates)
            checks = check(
                ImportedRecords(
                    before=before,
                    after=_count(db, kind),
                    new=counts.new,
                    fields=lambda names: _fields(db, kind, set(keys), names),
                    read=lambda wanted: _read(db, kind, wanted),
                )
            )
            db.execute(
                "INSERT INTO imports (id, at, kind, file, sha256, new, changed, same, checks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    batch.id, utc(batch.at), batch.kind, batch.file, batch.sha256, counts.new, counts.changed, counts.same,
                    to_json(checks),
                ],
            )  # fmt: skip
        return counts


def _write(db: Database, batch: ImportBatch, rows: Sequence[Row]) -> PutCounts:
    if batch.record is Job:
        return job_rows.put(db, [record for record in batch.records if isinstance(record, Job)])
    if batch.record is DoNotCallEntry:
        new = sum(people.block(db, record) for record in batch.records if isinstance(record, DoNotCallEntry))
        return PutCounts(new=new, same=len(batch.records) - new)
    if batch.record is Contact:
        people.refuse_strangers(db, "candidates", "candidate", [row["candidate_id"] for row in rows])
        people.refuse_strangers(db, "jobs", "job", [row["job_id"] for row in rows if row["job_id"] is not None])
    new_ids, changed = upsert(db, _TABLES[batch.record][0], rows)
    return PutCounts(len(new_ids), len(changed), len(rows) - len(new_ids) - len(changed))


def _count(db: Database, kind: type[Record]) -> int:
    return int(db.execute(f"SELECT count(*) FROM {_TABLES[kind][0]}").fetchone()[0])  # noqa: S608 - our names


def _fields(db: Database, kind: type[Record], keys: set[str], names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Columns of the rows under these keys; the key comes first and is not given back."""
    table, column = _TABLES[kind]
    for key, *values in db.execute(f"SELECT {column}, {', '.join(names)} FROM {table}"):  # noqa: S608 - our names
        if key in keys:
            yield tuple(values)


def _read(db: Database, kind: type[Record], keys: Sequence[str]) -> dict[str, Record]:
    """What stands in the database under these keys, as records."""
    if kind is Job:
        return {key: job_rows.job(db, key) for key in keys}
    table, column = _TABLES[kind]
    found: dict[str, Record] = {}
    for batch in batches(keys, _BATCH):
        marks = ",".join("?" * len(batch))
        for row in db.query(f"SELECT * FROM {table} WHERE {column} IN ({marks})", batch):  # noqa: S608 - our names
            found[row[column]] = _OF[kind](_plain(row))
    return found


_OF: dict[type[Record], Callable[[Row], Record]] = {
    Candidate: candidate_of,
    Company: Company.model_validate,
    PayStructure: pay_of,
    Contact: contact_of,
    DoNotCallEntry: do_not_call_of,
}


def _plain(row: Row) -> Row:
    return {column: value for column, value in row.items() if column != "updated_at"}
