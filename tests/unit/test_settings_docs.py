"""docs/settings.md and its Chinese twin name every setting there is, with its default, and none that is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from agi_app.config import CHECKOUT, Settings

PAGES = ("settings.md", "settings.zh-CN.md")
ROW = re.compile(r"^\| `([\w.]+)` \| (.+?) \| (.*?) \| (.+?) \|$", re.MULTILINE)
UNITS = {
    "_s": ("s", "秒"),
    "_ms": ("ms", "毫秒"),
    "_mb": ("MB", "MB"),
    "_db": ("dB", "dB"),
    "_h": ("h", "小时"),
    "_days": ("days", "天"),
    "_bytes": ("bytes", "字节"),
}


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field.get_default(call_default_factory=True)


def shown(default: object) -> str:
    """A default as the pages write it."""
    match default:
        case None:
            return "—"
        case bool():
            return f"`{str(default).lower()}`"
        case time():
            return f'`"{default:%H:%M}"`'
        case str() | Path():
            return f'`"{default}"`'
        case tuple() | list() | dict():
            return f"`{json.dumps(default, ensure_ascii=False, default=lambda item: f'{item:%H:%M}')}`"
        case _:
            return f"`{default}`"


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_is_documented_with_its_default_and_unit(page: str) -> None:
    rows = {name: (default, unit, text) for name, default, unit, text in ROW.findall((CHECKOUT / "docs" / page).read_text("utf-8"))}
    wanted = {name: shown(default) for name, default in settings(Settings)}
    assert sorted(wanted.keys() - rows.keys()) == [], f"not in docs/{page}"
    assert sorted(rows.keys() - wanted.keys()) == [], f"in docs/{page}, but no setting"
    assert {name: rows[name][0] for name in wanted} == wanted
    for name, (_, unit, text) in rows.items():
        ending = next((end for end in sorted(UNITS, key=len, reverse=True) if name.endswith(end)), None)
        if ending is not None and not name.endswith("_per_s"):
            assert unit in UNITS[ending], name
        assert text.strip(), name
