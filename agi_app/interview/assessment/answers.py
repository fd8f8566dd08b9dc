"""Which words of a transcript answer which behavioural question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agi_app.dialogue.pack.schema import Interview, Pack
from hr_sync.records import CallResult, Speaker, Turn

_CLAUSE = re.compile(r"[^，,。.！!？?；;\s]+(?:[，,。.！!？?；;\s]+|$)|[，,。.！!？?；;\s]+")
_LONGEST = 36
"""Characters of one span; the embedding looks at 48 tokens."""
_GENDERED = str.maketrans({"她": "他", "妳": "你"})
_ADDRESS = re.compile(r"(?<=[\u4e00-\u9fff])(?:先生|女士|小姐|太太)")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of what the candidate said, with the audio it opens.

    `text` is as it was heard; `words` is what is looked at: without the marks of gender and address, and without what was
    removed for privacy.
    """

    text: str
    words: str
    start_ms: int
    end_ms: int
    heard: float
    """How sure the recogniser was, 0-1."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the candidate said to one behavioural question and its follow-ups."""

    question: str
    competencies: tuple[str, ...]
    """What the question was asked for."""
    spans: tuple[Span, ...]

    @property
    def words(self) -> str:
        """All of it."""
        return "".join(span.words for span in self.spans)

    @property
    def heard(self) -> float:
        """How sure the recogniser was, over all characters."""
        size = sum(len(span.words) for span in self.spans)
        return sum(span.heard * len(span.words) for span in self.spans) / size if size else 0.0


def collect(result: CallResult, pack: Pack, interview: Interview) -> tuple[Answer, ...]:
    """Answers to the behavioural questions of a call, in its order; a follow-up belongs to the question before it."""
    asked = {question.id: question.competencies for question in interview.behavioural.questions}
    follow_ups = {rule.id for rule in pack.follow_ups}
    doubts = {doubt.text for doubt in result.doubts}
    found: dict[str, list[Span]] = {}
    current: str | None = None
    for turn in result.transcript:
        if turn.question in asked:
            current = turn.question
        elif turn.question not in follow_ups:
            current = None
        if current is None or turn.who is not Speaker.CANDIDATE or turn.text in doubts:
            continue
        found.setdefault(current, []).extend(spans(turn, pack.protected.replacement))
    return tuple(Answer(question, asked[question], tuple(said)) for question, said in found.items() if said)


def spans(turn: Turn, removed: str = "") -> Iterator[Span]:
    """A turn in stretches of some clauses each, their times by their place in the text."""
    length = max(1, len(turn.text))
    milliseconds = (turn.end_ms - turn.start_ms) / length
    start = 0
    for end in _ends(turn.text):
        text = turn.text[start:end]
        words = neutral(text.replace(removed, "") if removed else text)
        if words.strip("，,。.！!？?；; "):
            yield Span(
                text=text.strip(),
                words=words,
                start_ms=round(turn.start_ms + start * milliseconds),
                end_ms=round(turn.start_ms + end * milliseconds),
                heard=1.0 if turn.confidence is None else turn.confidence,
            )
        start = end


def neutral(text: str) -> str:
    """The text without what tells gender or form of address, so that neither can touch a score."""
    return _ADDRESS.sub("", text.translate(_GENDERED))


def _ends(text: str) -> list[int]:
    ends: list[int] = []
    start = 0
    for clause in _CLAUSE.finditer(text):
        if clause.start() > start and clause.end() - start > _LONGEST:
            ends.append(clause.start())
            start = clause.start()
    if start < len(text):
        ends.append(len(text))
    return ends
