"""JSON lists and JSON lines, also nested ones as other systems' interfaces return them."""

from __future__ import annotations

import json
from typing import Any

from hr_sync.errors import InvalidDataError
from hr_sync.imports.encoding import decode
from hr_sync.imports.problems import Problem
from hr_sync.imports.source import LARGEST_CELL, Progress, Source, SourceOptions, SourceRow

_STEP = 2000


class _DoubledKeyError(ValueError):
    pass


def read_json(data: bytes, name: str, sha256: str, options: SourceOptions, progress: Progress) -> Source:
    """Read a JSON list, an object that holds one list, or JSON lines; see `read_source`."""
    text, encoding = decode(data, where=name, encoding=options.encoding)
    text = text.removeprefix("\ufeff").strip()
    problems: list[Problem] = []
    lines = text.startswith("{") and not _one_document(text)
    items = _lines(text, problems, progress) if lines else _document(text, name)
    rows: list[SourceRow] = []
    headers: dict[str, None] = {}
    for number, item in items:
        if not isinstance(item, dict):
            problems.append(Problem(number, None, "the record is not an object", "write {…}"))
            continue
        cells = _flat(item)
        long = next((key for key, value in cells.items() if isinstance(value, str) and len(value) > LARGEST_CELL), None)
        if long is not None:
            problems.append(Problem(number, long, f"the cell holds {len(cells[long]):,} characters", f"at most {LARGEST_CELL:,}"))
            continue
        headers |= dict.fromkeys(cells)
        if cells:
            rows.append(SourceRow(number, cells))
    return Source(name, sha256, f"{'jsonl' if lines else 'json'}, {encoding}", list(headers), rows, problems)


def _one_document(text: str) -> bool:
    """Whether the text is one object rather than one a line."""
    first_line, newline, _ = text.partition("\n")
    try:
        first = json.loads(first_line)
    except (ValueError, RecursionError):
        return True
    return not newline and any(isinstance(value, list) and value and isinstance(value[0], dict) for value in first.values())


def _lines(text: str, problems: list[Problem], progress: Progress) -> list[tuple[int, Any]]:
    found = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append((number, _loads(line)))
        except _DoubledKeyError as error:
            problems.append(Problem(number, str(error), "the key occurs twice", "keep one"))
        except (ValueError, RecursionError):
            problems.append(Problem(number, None, "the line is not JSON", "one object a line"))
        if number % _STEP == 0:
            progress("reading", number, len(lines))
    progress("reading", len(lines), len(lines))
    return found


def _document(text: str, name: str) -> list[tuple[int, Any]]:
    try:
        found = _loads(text)
    except _DoubledKeyError as error:
        raise InvalidDataError(f"the key {error} occurs twice in an object", where=name, remedy="keep one") from None
    except json.JSONDecodeError as error:
        raise InvalidDataError(
            f"the file is not JSON ({error.msg})", where=f"{name}, line {error.lineno}", remedy="correct it"
        ) from None
    except (ValueError, RecursionError):
        raise InvalidDataError("the file is not JSON that can be read", where=name, remedy="a list of flat objects") from None
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
        found = lists[0] if len(lists) == 1 else [found]
    if not isinstance(found, list):
        raise InvalidDataError("the file holds no list of objects", where=name, remedy="write [{…}, {…}]")
    return list(enumerate(found, 1))


def _loads(text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _DoubledKeyError(next(key for key in keys if keys.count(key) > 1))
    return found


def _refuse(name: str) -> None:
    raise ValueError(name)


def _flat(item: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as dotted keys; empty values left out."""
    found: dict[str, Any] = {}
    for key, value in item.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found |= _flat(value, f"{name}.")
        elif value is not None and value not in ("", []):
            found[name] = value.strip() if isinstance(value, str) else value
    return found
