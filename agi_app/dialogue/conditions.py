"""Whether a condition of the pack holds for this call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agi_app.dialogue.pack.schema import Condition
from agi_app.dialogue.slots import SlotValue, known_value
from hr_sync.records import CallBrief, Candidate, Interest


def resume_text(candidate: Candidate) -> str:
    """All words of a resume in one text."""
    jobs = [text for item in candidate.employments for text in (item.role, item.summary, item.industry or "")]
    return "\n".join((*jobs, *candidate.skills, *candidate.tags, *candidate.certificates))


@dataclass(frozen=True, slots=True)
class View:
    """What conditions look at."""

    brief: CallBrief
    facts: Mapping[str, str | None]
    personalise: bool = True

    def known(self, slot: str | None) -> SlotValue | None:
        """What the resume tells of a slot; nothing where everyone is asked the same."""
        return known_value(slot, self.brief.candidate) if slot and self.personalise else None

    def holds(self, condition: Condition | None, interest: Interest = Interest.UNDETERMINED) -> bool:
        """True when every line of the condition holds. What looks at the resume never holds where everyone is treated the same."""
        if condition is None:
            return True
        return (
            self._job(condition)
            and self._candidate(condition)
            and all(self.facts.get(name) is not None for name in condition.has)
            and all(self.facts.get(name) is None for name in condition.lacks)
            and (not condition.interest or interest in condition.interest)
        )

    def _job(self, condition: Condition) -> bool:
        job = self.brief.job
        return (
            (not condition.job or job.id in condition.job)
            and (condition.sector is None or job.sector is condition.sector)
            and (not condition.competency or bool(set(condition.competency) & set(job.competencies)))
        )

    def _candidate(self, condition: Condition) -> bool:
        if not condition.personal:
            return True
        if not self.personalise:
            return False
        candidate = self.brief.candidate
        years = candidate.years_experience
        return (
            (not condition.resume or any(word in resume_text(candidate) for word in condition.resume))
            and (not condition.tags or bool(set(condition.tags) & set(candidate.tags)))
            and (not condition.status or candidate.status in condition.status)
            and (condition.years_at_least is None or (years is not None and years >= condition.years_at_least))
            and (condition.years_below is None or (years is not None and years < condition.years_below))
        )
