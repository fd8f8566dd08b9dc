"""Looks over the grammars and intents of a pack: what cannot be used (errors), and what would be misunderstood (warnings)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from agi_app.dialogue.grammar.library import GrammarLibrary
from agi_app.dialogue.grammar.reading import read
from agi_app.dialogue.grammar.source import Place
from agi_app.dialogue.nlu.examples import Examples, load_examples
from agi_app.dialogue.nlu.parse import Parser
from agi_app.dialogue.pack.check import Finding
from agi_app.dialogue.understanding import Intent
from agi_app.errors import PackError

FEW = 25
"""Examples below which an intent is learnt poorly."""
_ANY_TIME = datetime(2026, 1, 1, 12, tzinfo=UTC)


def review(folder: Path) -> list[Finding]:
    """Everything wrong or doubtful in the grammars and intents of a pack's folder."""
    findings: list[Finding] = []
    grammars: GrammarLibrary | None = None
    try:
        grammars = GrammarLibrary.load(folder / "grammars")
        Parser(grammars)
        findings += _unused(grammars)
    except PackError as error:
        findings.append(_error(error, folder / "grammars"))
    try:
        examples = load_examples(folder / "intents")
        findings += _few(examples, folder / "intents")
        if grammars is not None:
            findings += _contradicted(examples, grammars, folder / "intents")
    except PackError as error:
        findings.append(_error(error, folder / "intents"))
    return sorted(findings)


def _error(error: PackError, folder: Path) -> Finding:
    file, *numbers = (error.where or str(folder)).split(":")
    return Finding(file, int(numbers[0]) if numbers and numbers[0].isdigit() else 1, "error", error.what)


def _unused(grammars: GrammarLibrary) -> Iterator[Finding]:
    for name, place in grammars.unused:
        yield Finding(
            place.file, place.line, "warning", f"<{name}> is used by no other rule: nothing it describes is ever understood"
        )


def _few(examples: Examples, folder: Path) -> Iterator[Finding]:
    counts = Counter(examples.intents)
    for intent in Intent:
        if intent not in counts:
            yield Finding(str(folder), 1, "error", f"no file describes the intent {intent}")
        elif counts[intent] < FEW:
            yield Finding(str(folder / f"{intent}.yaml"), 1, "warning", f"{counts[intent]} examples are few; write {FEW} or more")


def _contradicted(examples: Examples, grammars: GrammarLibrary, folder: Path) -> Iterator[Finding]:
    """Examples that a grammar, whatever the question, understands as another intent."""
    roots = [root for root in grammars.select("intent") if not root.questions]
    for text, intent in zip(examples.texts, examples.intents, strict=True):
        reading = read(text)
        for match in grammars.find(grammars.chart(reading, _ANY_TIME), roots):
            if match.target != intent and match.end - match.start == len(reading):
                place: Place = match.root.place
                yield Finding(
                    str(folder / f"{intent}.yaml"),
                    1,
                    "warning",
                    f"{text!r} is {match.target} by the grammar at {place}: one of them is wrong",
                )
