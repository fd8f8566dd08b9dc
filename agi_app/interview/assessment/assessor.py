"""The assessment of one call, from its result, the brief and the language pack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import rjieba

from agi_app.dialogue.pack.schema import Pack
from agi_app.dialogue.script import interview_for
from agi_app.interview.assessment.answers import Answer, collect
from agi_app.interview.assessment.content import ContentReader, Embedding
from agi_app.interview.assessment.offer import offer_for
from agi_app.interview.assessment.recommendation import recommend
from agi_app.interview.assessment.scoring import Scorer
from agi_app.interview.assessment.signs import Rubric, SignReader
from hr_sync.records import CallBrief, CallResult, CompetencyScore
from hr_sync.records.assessment import Assessment, CompetencyAssessment

METHOD = "1"
"""Raised whenever the same words may get another score."""

_LESS_A_RANK = 0.25
"""The job names its competencies most important first: the second weighs 1 / 1.25, the third 1 / 1.5."""
_CLOUD = 40
_TELLING = ("n", "v", "eng", "l", "i")
_EMPTY = frozenset(
    [
        "时候",
        "觉得",
        "没有",
        "可以",
        "知道",
        "东西",
        "事情",
        "问题",
        "情况",
        "一下",
        "进行",
        "应该",
        "需要",
        "开始",
        "出来",
        "起来",
        "就是",
        "有点",
        "成为",
    ]
)


class Assessor:
    """Assesses calls; keeps the example answers' embeddings, so make one and use it for all. Safe in one thread at a time.

    Args:
        pack: the language pack.
        embedding: of sentences.
    """

    def __init__(self, pack: Pack, embedding: Embedding) -> None:
        self._pack = pack
        signs = SignReader(pack.signs)
        self._scorer = Scorer(signs, ContentReader(embedding, pack.signs))
        self._rubrics = {name: Rubric(competency) for name, competency in pack.competencies.items()}
        self.method = f"{METHOD}; {pack.language} {pack.version}"

    def assess(self, result: CallResult, brief: CallBrief, at: datetime) -> Assessment:
        """Assess one call. Looks at nothing but the answers' words, the job, the years of work and what was agreed in the call.

        Raises:
            PackError: the pack lacks the job's interview script.
        """
        answers = collect(result, self._pack, interview_for(self._pack, brief))
        competencies = self.competencies(answers, brief.job.competencies)
        overall, confidence = _overall(competencies)
        recommendation, reasons = recommend(result, competencies, overall, confidence)
        return Assessment(
            call_id=result.call_id,
            candidate_id=result.candidate_id,
            job_id=result.job_id,
            method=self.method,
            assessed_at=at,
            competencies=competencies,
            overall=overall,
            confidence=confidence,
            offer=offer_for(result, brief, overall, confidence),
            recommendation=recommendation,
            reasons=reasons,
            keywords=_keywords(answers),
        )

    def competencies(self, answers: Sequence[Answer], wanted: Iterable[str]) -> tuple[CompetencyAssessment, ...]:
        """Scores of the competencies the job names, then of others that were asked for; those the pack lacks are left out."""
        reads = [self._scorer.read(answer) for answer in answers]
        names = dict.fromkeys([*wanted, *(name for answer in answers for name in answer.competencies)])
        return tuple(self._scorer.score(self._rubrics[name], reads) for name in names if name in self._rubrics)


def scores_of(assessment: Assessment) -> tuple[CompetencyScore, ...]:
    """The part of an assessment that a call's result carries."""
    return tuple(
        CompetencyScore(name=one.id, score=one.score, confidence=one.confidence, evidence=one.evidence)
        for one in assessment.competencies
    )


def _overall(competencies: Sequence[CompetencyAssessment]) -> tuple[float | None, float]:
    """Mean score by importance and confidence; and how sure it is, which also counts how much of what was wanted is known."""
    ranked = [(one, 1 / (1 + _LESS_A_RANK * rank)) for rank, one in enumerate(competencies)]
    weighed = [(one.score, one.confidence, weight) for one, weight in ranked if one.score is not None]
    total = sum(confidence * weight for _, confidence, weight in weighed)
    if not total:
        return None, 0.0
    score = sum(score * confidence * weight for score, confidence, weight in weighed) / total
    known = sum(weight for _, _, weight in weighed) / sum(weight for _, weight in ranked)
    return round(score, 1), round(max(confidence for _, confidence, _ in weighed) * (1 + known) / 2, 2)


def _keywords(answers: Sequence[Answer]) -> dict[str, int]:
    """Words of the answers that tell something, most frequent first."""
    counts: Counter[str] = Counter()
    for answer in answers:
        counts.update(
            word for word, kind in rjieba.tag(answer.words) if kind.startswith(_TELLING) and len(word) > 1 and word not in _EMPTY
        )
    return dict(counts.most_common(_CLOUD))
