"""A result as one flat row: for CSV files and database tables."""

from __future__ import annotations

from typing import Any

from hr_sync.records import CallResult
from hr_sync.store.rows import result_row, to_json

_LEFT_OUT = frozenset({"result"})


def flat_result(result: CallResult, *, revision: int, cursor: int) -> dict[str, Any]:
    """Columns in a fixed order: what people filter by, then every answer as JSON."""
    row = {name: value for name, value in result_row(result).items() if name not in _LEFT_OUT}
    return {"call_id": row.pop("call_id"), "revision": revision, "cursor": cursor} | row | {"slots": to_json(result.slots)}
