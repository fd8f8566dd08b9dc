"""Small grammars and the pack's own, for the grammar tests."""

from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from agi_app.dialogue.grammar import GrammarLibrary
from agi_app.dialogue.grammar.reading import read

PACK = Path(__file__).resolve().parents[2] / "models" / "zh_CN"
NOW = datetime(2026, 3, 11, 10, 20, tzinfo=timezone(timedelta(hours=8)))
"""A Wednesday."""


@cache
def pack_grammars() -> GrammarLibrary:
    return GrammarLibrary.load(PACK / "grammars")


def library(folder: Path, text: str, **lists: str) -> GrammarLibrary:
    """Compile one grammar file, with the pack's sounds and the word lists named."""
    (folder / "test.gram").write_text(text, encoding="utf-8")
    (folder / "confusions.yaml").write_text((PACK / "grammars" / "confusions.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    for name, words in lists.items():
        (folder / f"{name}.txt").write_text(words, encoding="utf-8")
    return GrammarLibrary.load(folder)


def found(grammars: GrammarLibrary, text: str, kinds=("answer", "volunteered", "decoy"), target=None, now=NOW):
    """All matches in `text` of the roots of these kinds."""
    roots = [root for root in grammars.roots if root.kind in kinds and (target is None or target in root.targets)]
    return grammars.find(grammars.chart(read(text), now), roots)


def answer(text: str, slot: str, now=NOW):
    """The last value the pack's grammar of a slot finds, None without one."""
    values = [match.value for match in found(pack_grammars(), text, kinds=("answer",), target=slot, now=now)]
    return values[-1] if values else None
