"""Retry rules: which outcome is followed by another call, how often and after how long. Data, read from YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from agi_app.errors import ConfigError
from hr_sync.records import Disposition

SHIPPED = Path(__file__).with_name("retry.yaml")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_NEVER_AGAIN = frozenset(
    {Disposition.STOP_CALLING, Disposition.COMPLETED, Disposition.WRONG_PERSON, Disposition.DECLINED_RECORDING}
)
"""No rule may call these again."""


def _duration(value: object) -> object:
    if not isinstance(value, str) or (found := _DURATION.fullmatch(value)) is None:
        raise ValueError("a pause is written like 30s, 15m, 2h or 1d")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Rule(BaseModel):
    """What follows a call that ended in one way; the meaning of each field stands in retry.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    again: int = Field(default=0, ge=0, le=20)
    after: tuple[Duration, ...] = ()
    other_part_of_day: bool = False
    sms: bool = False
    counts: bool = True

    @model_validator(mode="after")
    def _has_pause(self) -> Rule:
        if self.again and not self.after:
            raise ValueError("a call that is made again needs a pause before it (after)")
        return self

    def pause(self, time: int) -> timedelta:
        """The pause before the next call, when this outcome has come for the `time`-th time (from 1)."""
        return self.after[min(time, len(self.after)) - 1]


_FILE: TypeAdapter[dict[Disposition, Rule]] = TypeAdapter(dict[Disposition, Rule])
_NO_RULE = Rule()


class RetryRules:
    """Rules by disposition; one without a rule ends the journey."""

    def __init__(self, rules: Mapping[Disposition, Rule]) -> None:
        self._rules = dict(rules)

    @classmethod
    def load(cls, path: Path = SHIPPED) -> RetryRules:
        """Read a file. Raises ConfigError that names file, line or field."""
        return cls(_checked(read(path), str(path)))

    def replaced_by(self, rules: Mapping[str, Any]) -> RetryRules:
        """These rules, with single ones replaced. Raises ConfigError."""
        return RetryRules(self._rules | _checked(rules, "the campaign's retry rules"))

    def __getitem__(self, disposition: Disposition) -> Rule:
        return self._rules.get(disposition, _NO_RULE)


def read(path: Path) -> dict[str, Any]:
    """A file of rules as plain data. Raises ConfigError."""
    try:
        found = yaml.safe_load(path.read_text("utf-8")) or {}
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise ConfigError(f"the retry rules cannot be read: {error}", where=str(path), remedy="correct the file") from error
    if not isinstance(found, dict):
        raise ConfigError("retry rules are a table of dispositions", where=str(path), remedy=f"see {SHIPPED}")
    return found


def _checked(found: Mapping[str, Any], where: str) -> dict[Disposition, Rule]:
    try:
        rules = _FILE.validate_python(dict(found))
    except ValidationError as error:
        lines = "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
        raise ConfigError(f"retry rules that cannot be used: {lines}", where=where, remedy=f"see {SHIPPED}") from error
    for disposition in _NEVER_AGAIN & rules.keys():
        if rules[disposition].again:
            raise ConfigError(f"{disposition} is never called again", where=where, remedy="take the rule out")
    return rules
