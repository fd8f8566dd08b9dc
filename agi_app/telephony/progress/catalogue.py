"""The language pack's `announcements.yaml`: what networks, voicemail and call assistants say, and what it means for the call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agi_app.errors import PackError
from hr_sync.records import Disposition

FILE = "announcements.yaml"
Syllables = tuple[str, ...]


class Meaning(StrEnum):
    """What a phrase does to the call."""

    ANNOUNCEMENT = "announcement"
    """The network says why there will be no talk."""
    VOICEMAIL = "voicemail"
    SCREENING = "screening"
    """An assistant asks who calls and why."""
    WAIT = "wait"
    """Asked to hold on: nothing is decided."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase that is looked for."""

    text: str
    syllables: Syllables
    """Toneless; Latin words in small letters are one each."""
    weak: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that is announced."""

    id: str
    meaning: Meaning
    disposition: Disposition | None
    at_pause: bool
    """Counts only when the sentence is over."""
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that is looked for."""

    kinds: tuple[Kind, ...]
    context: tuple[Phrase, ...]
    """Words only the network says."""
    taken_note: tuple[Phrase, ...]
    """How an assistant ends without putting us through."""


class _KindFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z_]+$")
    disposition: Disposition | None = None
    wait: bool = False
    voicemail: bool = False
    screening: bool = False
    at_pause: bool = False
    phrases: list[str] = Field(min_length=1)
    weak: list[str] = []

    @model_validator(mode="after")
    def _one_meaning(self) -> _KindFile:
        if self.wait + self.voicemail + self.screening > 1:
            raise ValueError("at most one of wait, voicemail and screening")
        if (self.disposition is None) != (self.wait or self.screening):
            raise ValueError("a disposition is needed, and has no place with wait or screening")
        return self

    @property
    def meaning(self) -> Meaning:
        """By the flags."""
        if self.wait:
            return Meaning.WAIT
        if self.voicemail:
            return Meaning.VOICEMAIL
        return Meaning.SCREENING if self.screening else Meaning.ANNOUNCEMENT


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    context: list[str] = Field(min_length=1)
    announcements: list[_KindFile] = Field(min_length=1)
    taken_note: list[str] = []


def load_catalogue(folder: Path, read: Callable[[str], Syllables]) -> Catalogue:
    """Read the pack's `announcements.yaml`.

    Args:
        folder: the language pack's.
        read: a text's toneless syllables.

    Raises:
        PackError: naming the file, and the line or field.
    """
    path = folder / FILE
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
        file = _File.model_validate(data)
    except OSError as error:
        raise PackError(
            f"the announcements cannot be read: {error.strerror}", where=str(path), remedy="restore the file"
        ) from error
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise PackError("not valid YAML", where=f"{path}:{line}", remedy="correct the line") from error
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise PackError(f"announcements that cannot be used: {found}", where=str(path), remedy="correct the field") from error

    def phrase(text: str, *, weak: bool = False) -> Phrase:
        syllables = read(text)
        if not syllables:
            raise PackError(f"the phrase {text!r} holds nothing that is spoken", where=str(path), remedy="correct or remove it")
        return Phrase(text, syllables, weak)

    kinds = tuple(
        Kind(
            kind.id,
            kind.meaning,
            kind.disposition,
            kind.at_pause,
            (*map(phrase, kind.phrases), *(phrase(text, weak=True) for text in kind.weak)),
        )
        for kind in file.announcements
    )
    return Catalogue(kinds, tuple(map(phrase, file.context)), tuple(map(phrase, file.taken_note)))
