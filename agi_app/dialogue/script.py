"""Which questions a call asks, in which order: from the interview script, the job's competencies and the resume."""

from __future__ import annotations

from agi_app.dialogue.conditions import View
from agi_app.dialogue.pack.schema import Interview, Pack, Question
from agi_app.errors import PackError
from hr_sync.records import CallBrief, Sector


def interview_for(pack: Pack, brief: CallBrief) -> Interview:
    """The interview script of a job. Raises PackError when the pack has none of that name."""
    interview = pack.interviews.get(brief.job.script)
    if interview is None:
        raise PackError(
            f"the job {brief.job.id} names the interview script `{brief.job.script}`, which the language pack does not have",
            where=str(pack.folder / "pack.yaml"),
            remedy=f"use one of {', '.join(sorted(pack.interviews))}, or add it",
        )
    return interview


def personalised(interview: Interview, brief: CallBrief) -> bool:
    """Whether resume and variety may shape what is said. Never in the public sector: there everyone hears the same."""
    return interview.personalise and brief.job.sector is not Sector.PUBLIC


def plan(interview: Interview, view: View) -> tuple[Question, ...]:
    """The questions between pitch and closing, in order."""
    structured = tuple(question for question in interview.questions if view.holds(question.when) and not _known(question, view))
    return structured + behavioural(interview, view)


def _known(question: Question, view: View) -> bool:
    return question.known == "skip" and view.known(question.fills) is not None


def behavioural(interview: Interview, view: View) -> tuple[Question, ...]:
    """The behavioural questions that fit best: first those that speak of this resume, then by the job's competencies."""
    ranks = {name: index for index, name in enumerate(view.brief.job.competencies)}
    last = len(ranks)

    def fit(item: tuple[int, Question]) -> tuple[bool, int, int]:
        index, question = item
        personal = question.when is not None and question.when.personal
        return (not personal, min((ranks.get(name, last) for name in question.competencies), default=last), index)

    open_to = [(index, question) for index, question in enumerate(interview.behavioural.questions) if view.holds(question.when)]
    return tuple(question for _, question in sorted(open_to, key=fit)[: interview.behavioural.count])
