"""Reads a language pack from its folder. A pack with an error is refused whole, with file and line of every error."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from agi_app.dialogue.pack.check import Finding, inspect
from agi_app.dialogue.pack.document import Document, read_document
from agi_app.dialogue.pack.schema import (
    Answers,
    Competency,
    ExpectedSpeech,
    FollowUps,
    Interview,
    MoodWords,
    Pack,
    PackFile,
    Protected,
    Signs,
    Situations,
    Suggestions,
)
from agi_app.dialogue.pack.template import Sentences
from agi_app.errors import PackError

T = TypeVar("T")
_WORDING: TypeAdapter[dict[str, Sentences]] = TypeAdapter(dict[str, Sentences])
_TERMS: TypeAdapter[dict[str, dict[str, str]]] = TypeAdapter(dict[str, dict[str, str]])
_REMEDY = "correct the line; docs/language-pack.md explains every field"


def load_pack(folder: Path) -> Pack:
    """Load and check the pack in a folder. Raises PackError naming file and line of what is wrong."""
    pack = read_pack(folder)
    errors = [finding for finding in inspect(pack) if finding.severity == "error"]
    if errors:
        raise PackError(
            "; ".join(f"{finding.file}:{finding.line}: {finding.message}" for finding in errors[:20]),
            where=f"{errors[0].file}:{errors[0].line}",
            remedy=_REMEDY,
        )
    return pack


def check_folder(folder: Path) -> list[Finding]:
    """Everything that is wrong or doubtful in a folder's pack, also when it cannot be loaded."""
    try:
        return inspect(read_pack(folder))
    except PackError as error:
        file, _, line = (error.where or str(folder)).rpartition(":")
        return [
            Finding(file, int(line), "error", error.what) if line.isdigit() else Finding(str(error.where), 1, "error", error.what)
        ]


def read_pack(folder: Path) -> Pack:
    """Read a pack without the checks across files. Raises PackError."""
    top = read_document(folder / "pack.yaml")
    names = _validate(top, TypeAdapter(PackFile))
    _files_exist(folder, top, names)
    interviews = [_read(folder, name, TypeAdapter(Interview)) for name in names.interviews]
    answers = [_read(folder, name, TypeAdapter(Answers)) for name in names.answers]
    competencies = [_read(folder, name, TypeAdapter(Competency)) for name in names.competencies]
    follow_ups = [_read(folder, name, TypeAdapter(FollowUps)) for name in names.follow_ups]
    wording: dict[str, Sentences] = {}
    for name in names.wording:
        document = read_document(folder / name)
        for key, sentences in _validate(document, _WORDING).items():
            if key in wording:
                raise PackError(f"the wording `{key}` is in two files", where=document.where((key,)), remedy="keep one")
            wording[key] = sentences
    return Pack(
        folder=folder,
        name=names.name,
        language=names.language,
        version=names.version,
        interviews=_by("name", interviews, top, "interviews"),
        situations=_read(folder, names.situations, TypeAdapter(Situations)),
        follow_ups=tuple(rule for file in follow_ups for rule in file.follow_ups),
        wording=wording,
        terms=_read(folder, names.terms, _TERMS),
        answers=_by("intent", answers, top, "answers"),
        competencies=_by("id", competencies, top, "competencies"),
        signs=_read(folder, names.signs, TypeAdapter(Signs)) if names.signs else Signs(),
        protected=_read(folder, names.protected, TypeAdapter(Protected)),
        expected=_read(folder, names.recognition, TypeAdapter(ExpectedSpeech)),
        mood=_read(folder, names.mood, TypeAdapter(MoodWords)),
        suggestions=_read(folder, names.suggestions, TypeAdapter(Suggestions)),
    )


def _files_exist(folder: Path, top: Document, names: PackFile) -> None:
    for field in PackFile.model_fields:
        value = getattr(names, field)
        paths: Iterable[str] = (
            value
            if isinstance(value, tuple)
            else (value,)
            if field in {"situations", "terms", "signs", "protected", "recognition", "mood", "suggestions"} and value
            else ()
        )
        for index, path in enumerate(paths):
            place = (field, index) if isinstance(value, tuple) else (field,)
            if not (folder / path).resolve().is_relative_to(folder.resolve()):
                raise PackError(f"`{path}` lies outside the pack", where=top.where(place), remedy="name files inside the pack")
            if not (folder / path).is_file():
                raise PackError(
                    f"the file `{path}` does not exist", where=top.where(place), remedy="restore it, or remove its name"
                )


def _read(folder: Path, name: str, adapter: TypeAdapter[T]) -> T:
    return _validate(read_document(folder / name), adapter)


def _validate(document: Document, adapter: TypeAdapter[T]) -> T:
    try:
        return adapter.validate_python(document.data)
    except ValidationError as error:
        problems = [(document.where(_place(item["loc"])), _message(item)) for item in error.errors(include_url=False)]
        raise PackError(
            "; ".join(f"{where}: {what}" for where, what in problems[:20]), where=problems[0][0], remedy=_REMEDY
        ) from error


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    return tuple(part for part in location if part != "[key]")


def _message(item: ErrorDetails) -> str:
    name = ".".join(str(part) for part in _place(item["loc"]))
    what = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        what = "no such field"
    return f"{name}: {what}" if name else what


def _by(key: str, items: list[T], top: Document, field: str) -> dict[Any, T]:
    made: dict[Any, T] = {}
    for index, item in enumerate(items):
        value = getattr(item, key)
        if value in made:
            raise PackError(f"two files hold the {key} `{value}`", where=top.where((field, index)), remedy="keep one of them")
        made[value] = item
    return made
