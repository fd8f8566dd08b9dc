"""Whole sentences candidates are likely to say, by question, from the language pack: the recogniser is prompted with them.

Prompting whisper-base with whole example sentences, each ended by a full stop, brought the syllables wrong on short telephone answers
from 24-37 % to 1-13 % over three voices; single words did not help (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from agi_app.errors import PackError

FILE = "recognition.yaml"


class ExpectedSpeech(BaseModel):
    """What is likely to be said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    always: tuple[str, ...] = ()
    questions: Mapping[str, tuple[str, ...]] = {}

    @classmethod
    def load(cls, pack: Path) -> ExpectedSpeech:
        """Read the pack's file; a pack without one has nothing to say here. Raises PackError."""
        path = pack / FILE
        if not path.exists():
            return cls()
        try:
            return cls.model_validate(yaml.safe_load(path.read_text("utf-8")) or {})
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise PackError(f"not valid YAML: {error.problem}", where=f"{path}:{line}", remedy="correct the line") from error
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise PackError(f"{field}: {first['msg']}", where=str(path), remedy="lists of sentences, by question") from error

    def sentences(self, *names: str | None) -> tuple[str, ...]:
        """Sentences for the first of these questions (its id, then its kind) that has any, then those said at any time."""
        own = next((self.questions[name] for name in names if name in self.questions), ())
        return tuple(dict.fromkeys((*own, *self.always)))
