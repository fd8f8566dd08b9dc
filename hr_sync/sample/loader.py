"""Read the sample files beside this module and put them into a store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from hr_sync.errors import InvalidDataError
from hr_sync.records import Candidate, Company, Contact, Job, Record
from hr_sync.store.base import PutCounts, Store

R = TypeVar("R", bound=Record)

SAMPLE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sample:
    """All records of the sample files."""

    jobs: tuple[Job, ...]
    candidates: tuple[Candidate, ...]
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """What loading the sample did to the store."""

    jobs: PutCounts
    candidates: PutCounts
    contacts: PutCounts


def load_sample(store: Store) -> SampleCounts:
    """Put the sample into a store; a second time changes nothing but what was changed since."""
    sample = read_sample()
    return SampleCounts(
        jobs=store.put_jobs(sample.jobs),
        candidates=store.put_candidates(sample.candidates),
        contacts=store.put_contacts(sample.contacts),
    )


def read_sample(folder: Path = SAMPLE) -> Sample:
    """Read `companies.yaml`, `jobs/*.yaml`, `candidates.yaml` and `contacts.yaml`.

    Raises:
        InvalidDataError: names the file, the record and the field.
    """
    companies = {company.id: company for company in _list(folder / "companies.yaml", Company)}
    return Sample(
        jobs=tuple(_job(path, companies) for path in sorted((folder / "jobs").glob("*.yaml"))),
        candidates=_list(folder / "candidates.yaml", Candidate),
        contacts=_list(folder / "contacts.yaml", Contact),
    )


def _job(path: Path, companies: dict[str, Company]) -> Job:
    fields = _read(path)
    if not isinstance(fields, dict):
        raise InvalidDataError(
            "the file does not hold one job", where=str(path), remedy="write the job's fields at the left margin"
        )
    company = companies.get(str(fields.get("company")))
    if company is None:
        raise InvalidDataError(
            f"there is no company {fields.get('company')}", where=f"{path}, field company", remedy="add it to companies.yaml"
        )
    return _record(Job, fields | {"company": company}, str(path))


def _list(path: Path, kind: type[R]) -> tuple[R, ...]:
    items = _read(path)
    if not isinstance(items, list):
        raise InvalidDataError("the file does not hold a list", where=str(path), remedy="begin each record with a dash")
    return tuple(_record(kind, item, f"{path}, record {position}") for position, item in enumerate(items, 1))


def _read(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidDataError(f"the file cannot be read: {error.strerror}", where=str(path), remedy="put it back") from error
    except yaml.YAMLError as error:
        raise InvalidDataError(f"the file is not YAML: {error}", where=str(path), remedy="correct the line named") from error


def _record(kind: type[R], fields: object, where: str) -> R:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
        raise InvalidDataError(
            f"a {kind.__name__.lower()} that cannot be taken: {wrong}", where=where, remedy="correct it"
        ) from error
