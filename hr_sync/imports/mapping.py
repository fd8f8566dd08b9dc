"""Which column of a file fills which field: recognised by header, or told by a mapping file.

A mapping file (YAML):

    columns:                    # header of the file: field of ours, or null to leave it out
      应聘人: name
      Tel.: phone
      内部评级: null
    values:                     # what a word of the file means in a field
      degree: {统招本: 本科, 高起专: 大专}
    defaults:                   # for rows in which the field is empty
      source: 您在我们官网投递的简历
    encoding: gb18030           # encoding, delimiter, sheet, header_row: how to read the file
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hr_sync.errors import InvalidDataError
from hr_sync.imports.columns import COLUMNS, PROTECTED, Column, normal_header
from hr_sync.imports.kinds import Kind
from hr_sync.imports.source import SourceOptions


class Mapping(BaseModel):
    """The contents of a mapping file; an empty one when there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str | None] = Field(default_factory=dict)
    values: dict[str, dict[str | int | float | bool, Any]] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)

    @property
    def options(self) -> SourceOptions:
        """How the file is to be read."""
        return SourceOptions(self.encoding, self.delimiter, self.sheet, self.header_row)


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises InvalidDataError naming the field."""
    try:
        return Mapping.model_validate(yaml.safe_load(path.read_text("utf-8")) or {})
    except OSError as error:
        raise InvalidDataError(
            f"the mapping cannot be read: {error.strerror}", where=str(path), remedy="correct the path"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidDataError(f"the mapping is not YAML: {error}", where=str(path), remedy="correct the line named") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors())
        raise InvalidDataError(f"the mapping cannot be used: {wrong}", where=str(path), remedy="see docs/hr-data.md") from error


@dataclass(frozen=True, slots=True)
class Assignment:
    """What becomes of each column of a file."""

    columns: dict[str, Column]
    """By header."""
    unknown: tuple[str, ...]
    """Headers nobody recognises; their cells are left out, and the report says so."""
    protected: tuple[str, ...]
    """Headers left out because nobody may be judged by what stands below them."""
    left_out: tuple[str, ...]
    """Headers the mapping file, or a missing option, leaves out."""


def assign(headers: Iterable[str], kind: Kind, mapping: Mapping, *, birth_dates: bool = False) -> Assignment:
    """Find the field of each header.

    Raises:
        InvalidDataError: the mapping names a field or a header that is not there, or two columns fill one field.
    """
    listed = [header for header in headers if header]
    by_path = {column.path: column for column in COLUMNS[kind]}
    by_header = {normal_header(name): column for column in COLUMNS[kind] for name in (*column.headers, column.path)}
    _refuse_strangers(mapping, kind, listed, by_path)
    columns: dict[str, Column] = {}
    unknown: list[str] = []
    protected: list[str] = []
    left_out: list[str] = []
    for header in listed:
        if header in mapping.columns:
            path = mapping.columns[header]
            found = by_path[path] if path is not None else None
        else:
            found = by_header.get(normal_header(header)) or _part_of(header, by_path)
            if found is None:
                (protected if normal_header(header) in PROTECTED else unknown).append(header)
                continue
        if found is None or (found.path == "birth_date" and not birth_dates):
            left_out.append(header)
        else:
            columns[header] = found
    _refuse_doubles(columns)
    return Assignment(columns, tuple(unknown), tuple(protected), tuple(left_out))


def _part_of(header: str, by_path: dict[str, Column]) -> Column | None:
    """`allowances.餐补` of nested JSON belongs to `allowances`."""
    stem, _, name = header.partition(".")
    if name and stem == "allowances" and stem in by_path:
        return Column(header, by_path["performance"].read)
    return None


def _refuse_strangers(mapping: Mapping, kind: Kind, headers: list[str], by_path: dict[str, Column]) -> None:
    for header in mapping.columns:
        if header not in headers:
            near = difflib.get_close_matches(header, headers, 1)
            raise InvalidDataError(
                f"the file has no column {header}",
                where="mapping, columns",
                remedy=f"did you mean {near[0]}?" if near else "correct it",
            )
    wanted = [path for path in mapping.columns.values() if path is not None] + [*mapping.values, *mapping.defaults]
    for path in wanted:
        if path not in by_path:
            near = difflib.get_close_matches(path, by_path, 1)
            raise InvalidDataError(
                f"{kind} have no field {path}",
                where="mapping",
                remedy=f"did you mean {near[0]}?" if near else f"one of {', '.join(by_path)}",
            )


def _refuse_doubles(columns: dict[str, Column]) -> None:
    first: dict[str, str] = {}
    for header, column in columns.items():
        if column.path in first:
            raise InvalidDataError(
                f"columns {first[column.path]} and {header} both fill {column.path}",
                where="headers",
                remedy=f"leave one out in the mapping file: columns: {{{header}: null}}",
            )
        first[column.path] = header
