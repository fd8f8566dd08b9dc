"""A folder of resumes into proposals, and a proposal a person has looked at into a candidate."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from hr_sync.errors import ConflictError, InvalidDataError
from hr_sync.imports.columns import CANDIDATE
from hr_sync.imports.problems import CellError
from hr_sync.records import Candidate
from hr_sync.records.resumes import Resume, ResumeField
from hr_sync.resumes.reading import propose
from hr_sync.resumes.text import SUFFIXES, read_text
from hr_sync.store import Store

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_READERS = {column.path: column.read for column in CANDIDATE if column.path not in {"id", "birth_date"} and "." not in column.path}
REQUIRED = ("name", "phone")


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that could not be read."""

    file: str
    error: InvalidDataError


@dataclass(frozen=True, slots=True)
class Intake:
    """What reading files came to."""

    new: tuple[Resume, ...]
    known: int
    """Files that were read before."""
    refused: tuple[Refused, ...]


def files_in(path: Path) -> list[Path]:
    """The files of a folder and its folders, or the file itself; hidden ones and Word's lock files left out."""
    if path.is_file():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith((".", "~$")))
    taken = [each for each in found if each.suffix.lower() in SUFFIXES | {".doc"}]
    if not taken:
        raise InvalidDataError("there are no resumes here", where=str(path), remedy="PDF, DOCX or TXT files")
    return taken


def read_files(store: Store, paths: Sequence[Path], tell: Callable[[int, int], None] = lambda _done, _total: None) -> Intake:
    """Read resumes and keep the proposals; a file that was read before, by its contents, is not read again.

    Args:
        store: the database.
        paths: the files.
        tell: told how many are done, of how many.
    """
    seen = set(store.read_resumes())
    new: list[Resume] = []
    refused: list[Refused] = []
    known = 0
    for done, path in enumerate(paths, 1):
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest in seen:
                known += 1
            else:
                new.append(_read(path, digest))
                seen.add(digest)
        except InvalidDataError as error:
            refused.append(Refused(path.name, error))
        except OSError as error:
            refused.append(Refused(path.name, InvalidDataError(f"the file cannot be read: {error.strerror}", where=path.name)))
        tell(done, len(paths))
    store.put_resumes(new)
    return Intake(tuple(new), known, tuple(refused))


def _read(path: Path, digest: str) -> Resume:
    now = datetime.now(UTC)
    proposal = propose(read_text(path), file=path.name, today=now.astimezone(_SHANGHAI).date())
    if not proposal.fields:
        raise InvalidDataError("nothing in the file looks like a resume", where=path.name, remedy="enter the candidate by hand")
    return Resume(id=f"resume-{now:%Y%m%d}-{secrets.token_hex(4)}", file=path.name, sha256=digest, read_at=now, proposal=proposal)


def confirm(store: Store, resume_id: str, *, by: str, corrections: Mapping[str, str], source: str | None = None) -> Resume:
    """Take a proposal, as a person has corrected it, as a candidate: a new one, or the one with this number and name.

    Args:
        store: the database.
        resume_id: the resume.
        by: who has looked at it.
        corrections: field to value as a person writes it; an empty value drops the field.
        source: where the resume came from, as it is told when the candidate asks.

    Raises:
        InvalidDataError: name or number is missing, or a correction cannot be read.
        ConflictError: it was decided before, or the number belongs to someone of another name.
        NotFoundError: no such resume.
    """
    resume = store.resume(resume_id)
    fields: dict[str, Any] = {field.name: field.value for field in resume.proposal.fields}
    for name, given in corrections.items():
        if name not in _READERS:
            raise InvalidDataError(f"there is no field {name}", where=resume_id, remedy=f"one of {', '.join(_READERS)}")
        try:
            fields |= {name: _READERS[name](given) if given else None}
        except CellError as error:
            raise InvalidDataError(error.what, where=f"{resume_id}, {name}", remedy=error.remedy) from None
    fields = {name: value for name, value in fields.items() if value is not None}
    missing = [name for name in REQUIRED if name not in fields]
    if missing:
        raise InvalidDataError(
            f"the resume gives no {' and no '.join(missing)}",
            where=resume_id,
            remedy=" ".join(f"--set {name}=…" for name in missing),
        )
    if source is not None:
        fields["source"] = source
    return store.decide_resume(resume_id, _candidate(store, fields, resume_id), by=by, at=datetime.now(UTC))


def reject(store: Store, resume_id: str, *, by: str) -> Resume:
    """Put a proposal aside; see `Store.decide_resume`."""
    return store.decide_resume(resume_id, None, by=by, at=datetime.now(UTC))


def doubtful(resume: Resume, below: float) -> list[ResumeField]:
    """Fields a person should look at first."""
    return [field for field in resume.proposal.fields if field.confidence < below]


def _candidate(store: Store, fields: dict[str, Any], where: str) -> Candidate:
    here = store.find_by_phone(fields["phone"])
    same = [candidate for candidate in here if candidate.name == fields["name"]]
    if here and not same:
        raise ConflictError(
            f"the number belongs to candidate {here[0].id} under another name", where=where, remedy="--set name=… or --set phone=…"
        )
    base = same[0].model_dump() if same else {"id": f"c-{secrets.token_hex(8)}"}
    try:
        return Candidate.model_validate(base | fields)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False))
        raise InvalidDataError(f"the fields make no candidate: {wrong}", where=where, remedy="--set FIELD=VALUE") from None
