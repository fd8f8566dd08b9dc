"""What the system would do next, and why. A person decides."""

from __future__ import annotations

from collections.abc import Sequence

from hr_sync.records import CallResult, Disposition, Interest
from hr_sync.records.assessment import CompetencyAssessment, Reason, Recommendation

GOOD, WEAK = 55.0, 30.0
"""Overall scores from which the system would invite, and below which it would not."""
SURE = 0.45
"""Confidence below which a score decides nothing."""
_PAY_FAR = 40
_STRONG_COMPETENCY, _GAP = 60.0, 40.0


def recommend(
    result: CallResult, competencies: Sequence[CompetencyAssessment], overall: float | None, confidence: float
) -> tuple[Recommendation, tuple[Reason, ...]]:
    """The next step with its reasons, the one that decided first."""
    decided, why = _next_step(result, overall, confidence)
    reasons = [why]
    if result.pay_fit is not None and result.pay_fit.score is not None:
        code = "pay_far" if result.pay_fit.score < _PAY_FAR else "pay_fits"
        reasons.append(Reason(code=code, values={"score": result.pay_fit.score}))
    strong = [one.title for one in competencies if one.score is not None and one.score >= _STRONG_COMPETENCY]
    gaps = [one.title for one in competencies if one.score is not None and one.score < _GAP]
    unknown = [one.title for one in competencies if one.score is None]
    open_doubts = sum(not doubt.answered for doubt in result.doubts)
    reasons += [Reason(code="strengths", values={"names": strong})] if strong else []
    reasons += [Reason(code="gaps", values={"names": gaps})] if gaps else []
    reasons += [Reason(code="not_enough_evidence", values={"names": unknown})] if unknown else []
    reasons += [Reason(code="open_questions", values={"count": open_doubts})] if open_doubts else []
    return decided, tuple(reasons)


def _next_step(result: CallResult, overall: float | None, confidence: float) -> tuple[Recommendation, Reason]:
    if result.disposition is Disposition.STOP_CALLING:
        return Recommendation.TALENT_POOL, Reason(code="asked_not_to_be_called")
    if result.disposition is Disposition.CALLBACK:
        return Recommendation.CALL_AGAIN, Reason(code="asked_for_another_time")
    if result.disposition is Disposition.WRONG_PERSON:
        return Recommendation.REVIEW, Reason(code="wrong_person")
    if result.interest is Interest.NOT_INTERESTED:
        return Recommendation.TALENT_POOL, Reason(code="not_interested")
    if result.interest is Interest.UNDETERMINED:
        again = result.disposition is not Disposition.COMPLETED
        return (Recommendation.CALL_AGAIN, Reason(code="ended_early")) if again else (Recommendation.REVIEW, Reason(code="unclear"))
    if result.interest is Interest.HESITANT:
        return Recommendation.FOLLOW_UP, Reason(code="hesitant")
    if result.pay_fit is not None and result.pay_fit.score is not None and result.pay_fit.score < _PAY_FAR:
        return Recommendation.FOLLOW_UP, Reason(code="interested_but_pay", values={"score": result.pay_fit.score})
    if overall is None or confidence < SURE:
        return Recommendation.REVIEW, Reason(code="interested_little_evidence")
    values = {"score": overall}
    if overall >= GOOD:
        return Recommendation.INVITE, Reason(code="interested_and_good", values=values)
    if overall < WEAK:
        return Recommendation.REVIEW, Reason(code="interested_but_weak", values=values)
    return Recommendation.FOLLOW_UP, Reason(code="interested_and_middling", values=values)
