"""A resume's text into proposed fields. Nothing that may not be kept is looked for, and spans are cleared of it."""

from __future__ import annotations

from datetime import date

from hr_sync.protected import without_protected
from hr_sync.records.resumes import Proposal, ResumeField
from hr_sync.resumes import abilities, education, person, work
from hr_sync.resumes.sections import Line, Section, split


def propose(text: str, *, file: str, today: date) -> Proposal:
    """Read the fields of a resume.

    Args:
        text: as `read_text` gives it.
        file: its name, which may hold the person's.
        today: to which an employment that lasts is counted.
    """
    lines = [Line(number, line) for number, line in enumerate(text.split("\n"), 1)]
    sections = split(text)
    head = sections[Section.HEAD] or lines
    jobs = work.read(sections[Section.WORK])
    found = [
        person.name(lines, file),
        person.phone(lines),
        person.email(lines),
        person.city([*head, *sections[Section.WISHES], *sections[Section.EDUCATION], *sections[Section.ABOUT]]),
        abilities.status([*head, *sections[Section.WISHES], *sections[Section.ABOUT]]),
        *education.read(sections),
        abilities.years(lines) or _years(jobs, today),
        jobs,
        abilities.skills(sections),
        abilities.certificates(sections),
        abilities.wishes(sections),
    ]
    return Proposal(fields=tuple(_cleared(field) for field in found if field is not None))


def _years(jobs: ResumeField | None, today: date) -> ResumeField | None:
    """Years reckoned from the employments, when the resume does not tell them."""
    if jobs is None:
        return None
    return jobs.model_copy(update={"name": "years_experience", "value": work.years(jobs.value, today), "confidence": 0.7})


def _cleared(field: ResumeField) -> ResumeField:
    return field.model_copy(update={"text": without_protected(field.text)[0]})
