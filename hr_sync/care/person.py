"""What one person may ask for: a copy of everything about them, and that it is deleted."""

from __future__ import annotations

import json
import os
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from hr_sync.care.recordings import RecordingFolder
from hr_sync.errors import InvalidDataError, NotFoundError
from hr_sync.store.audit import AuditLog
from hr_sync.store.connection import Connections
from hr_sync.store.erasing import Erased, Erasing

_PIECE = 1 << 20


class PersonalData:
    """The data of one person at a time.

    Args:
        transactions: of the HR database's store.
        folder: of the recordings.
        audit: where it is written down.
    """

    def __init__(self, transactions: Connections, folder: RecordingFolder, audit: AuditLog) -> None:
        self._erasing = Erasing(transactions)
        self._folder = folder
        self._audit = audit

    def export(self, candidate_id: str, to: Path, *, actor: str) -> int:
        """Write everything about a candidate into a ZIP file: a JSON file for each kind of record, and the recordings.

        Returns:
            How many records.

        Raises:
            NotFoundError: no such candidate.
            InvalidDataError: the file is there already.
        """
        found = self._erasing.everything(candidate_id)
        try:
            handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise InvalidDataError("the file is there already", where=str(to), remedy="name another one") from None
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for table, rows in found.items():
                archive.writestr(f"{table}.json", json.dumps([_readable(row) for row in rows], ensure_ascii=False, indent=1))
            for row in found.get("results", []):
                self._add_recording(archive, row["call_id"], row["recording"])
        count = sum(map(len, found.values()))
        self._audit.note(actor, "person.export", candidate_id, {"records": count})
        return count

    def _add_recording(self, archive: zipfile.ZipFile, call_id: str, recording: str | None) -> None:
        try:
            opened = self._folder.open(call_id, recording)
        except NotFoundError:
            return
        try:
            with archive.open(f"recordings/{call_id}.wav", "w") as target:
                for start in range(0, opened.size, _PIECE):
                    target.write(opened.read(start, _PIECE))
        finally:
            opened.close()

    def erase(self, candidate_id: str, reason: str, at: datetime, *, actor: str) -> Erased:
        """Delete everything about a candidate, recordings included.

        Raises:
            NotFoundError: no such candidate.
            ConflictError: a call is under way.
        """

        def note(db: Database, erased: Erased) -> None:
            details = {"reason": reason, "rows": erased.rows, "calls": len(erased.call_ids)}
            self._audit.note_in(db, actor, "person.erase", candidate_id, details)

        erased = self._erasing.erase(candidate_id, reason, at, note=note)
        for call_id in erased.call_ids:
            self._folder.delete(f"{call_id}.wav")  # also one that no result named
        for recording in erased.recordings:
            self._folder.delete(recording)
        return erased


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """JSON columns as JSON rather than as text."""

    def value(cell: object) -> object:
        if isinstance(cell, bytes):
            return cell.hex()
        if isinstance(cell, str) and cell[:1] in {"{", "["}:
            try:
                return json.loads(cell)
            except ValueError:
                return cell
        return cell

    return {name: value(cell) for name, cell in row.items()}
