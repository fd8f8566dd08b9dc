"""Keeps protected matters (marriage, children, pregnancy, health, ethnicity, religion) out of everything that is stored."""

from __future__ import annotations

import re

from agi_app.dialogue.pack.schema import Protected

_CLAUSE = re.compile(r"[^，,。！!？?；;\s]+[，,。！!？?；;\s]*")


def redact(text: str, protected: Protected) -> str:
    """The text with every clause that holds a protected word replaced by the pack's placeholder."""
    words = [word for group in protected.words.values() for word in group]
    if not any(word in text for word in words):
        return text
    kept: list[str] = []
    for clause in _CLAUSE.findall(text):
        part = protected.replacement if any(word in clause for word in words) else clause
        if not (kept and part == kept[-1] == protected.replacement):
            kept.append(part)
    return "".join(kept)
