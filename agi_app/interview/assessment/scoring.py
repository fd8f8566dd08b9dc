"""One competency's score from content, structure and specificity; and when not enough was said for one.

The parts follow the field's practice of behaviourally anchored ratings of past-behaviour questions (Taylor and Small 2002, "Asking
applicants what they would do versus what they did do"): what was done, in which situation, with which result. The weights were set
on the graded answers in tests/data/assessment/answers.yaml and checked on those kept aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agi_app.interview.assessment.answers import Answer, Span
from agi_app.interview.assessment.content import Content, ContentReader
from agi_app.interview.assessment.signs import Concreteness, Rubric, SignReader, Structure
from hr_sync.records import Evidence
from hr_sync.records.assessment import CompetencyAssessment

_CONTENT, _STRUCTURE, _SPECIFICITY = 0.35, 0.25, 0.40
_FULL = 0.75
"""Weighted sum of the best answers; it counts as 100."""
_ENOUGH = 16
"""Characters of content below which nothing can be said about a competency."""
_PLENTY = 90
"""Characters of content from which more do not make the score surer."""
_UNASKED_KEYWORDS = 3
_UNASKED_MEANING = 0.6
"""An answer to another question counts only when it plainly speaks of the competency."""
_UNASKED_CONFIDENCE = 0.6
_EVIDENCE = 3


@dataclass(frozen=True, slots=True)
class Read:
    """An answer with everything the scoring looks at."""

    answer: Answer
    vectors: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
    structure: Structure
    concreteness: Concreteness
    told: float
    length: int
    denied: bool


class Scorer:
    """Scores competencies from answers.

    Args:
        signs: reads structure and concreteness.
        content: reads content.
    """

    def __init__(self, signs: SignReader, content: ContentReader) -> None:
        self._signs = signs
        self._content = content

    def read(self, answer: Answer) -> Read:
        """Look at an answer once, for all competencies."""
        words = answer.words
        vectors = self._content.embed(answer.spans)
        return Read(
            answer=answer,
            vectors=vectors,
            structure=self._signs.structure(words),
            concreteness=self._signs.concreteness(words),
            told=self._content.told(vectors),
            length=self._signs.content_length(words),
            denied=self._signs.denies(words),
        )

    def score(self, rubric: Rubric, reads: Sequence[Read]) -> CompetencyAssessment:
        """The best answer decides: those asked for the competency, or another that plainly speaks of it."""
        name = rubric.competency.id
        asked = any(name in read.answer.competencies for read in reads)
        scored = [found for read in reads if (found := self._score_one(rubric, read)) is not None]
        if not scored:
            return CompetencyAssessment(id=name, title=rubric.competency.name, score=None, confidence=0.0, asked=asked)
        return max(scored, key=lambda one: (one.score or 0.0, one.confidence))

    def _score_one(self, rubric: Rubric, read: Read) -> CompetencyAssessment | None:
        asked = rubric.competency.id in read.answer.competencies
        if read.length < _ENOUGH or (read.denied and read.length < 2 * _ENOUGH):
            return None
        content = self._content.read(rubric, read.answer.words, read.vectors)
        if not asked and not (len(content.keywords) >= _UNASKED_KEYWORDS and content.meaning >= _UNASKED_MEANING):
            return None
        specificity = (read.told + read.concreteness.whole) / 2
        whole = _CONTENT * content.whole + _STRUCTURE * read.structure.whole + _SPECIFICITY * specificity
        return CompetencyAssessment(
            id=rubric.competency.id,
            title=rubric.competency.name,
            score=round(100 * min(1.0, whole / _FULL), 1),
            confidence=round(_confidence(read) * (1.0 if asked else _UNASKED_CONFIDENCE), 2),
            asked=asked,
            content=round(content.whole, 3),
            structure=round(read.structure.whole, 3),
            specificity=round(specificity, 3),
            keywords=content.keywords,
            missing=read.structure.missing,
            evidence=self._evidence(rubric, read, content),
        )

    def _evidence(self, rubric: Rubric, read: Read, content: Content) -> tuple[Evidence, ...]:
        """The spans that say most, in the order in which they were said."""

        def weight(place: int) -> float:
            words = read.answer.spans[place].words
            figures = self._signs.concreteness(words)
            parts = self._signs.structure(words)
            own = figures.quantities + figures.own_actions
            return content.by_span[place] + 0.3 * len(rubric.keywords.found(words)) + 0.2 * own + parts.action + parts.result

        best = sorted(range(len(read.answer.spans)), key=weight, reverse=True)[:_EVIDENCE]
        return tuple(_evidence_of(read.answer.spans[place]) for place in sorted(best))


def _evidence_of(span: Span) -> Evidence:
    return Evidence(text=span.text, start_ms=span.start_ms, end_ms=span.end_ms)


def _confidence(read: Read) -> float:
    """How sure the score is: from how much was said and how surely it was heard. It never moves the score itself.

    What the recogniser is unsure of is often the line or an accent, and neither says anything about a person.
    """
    said = min(1.0, read.length / _PLENTY)
    return (0.35 + 0.65 * said) * (0.5 + 0.5 * read.answer.heard)
