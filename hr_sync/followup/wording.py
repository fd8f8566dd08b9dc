"""The words of messages: Jinja2 templates in a sandbox, the most particular that exists.

A template is looked for by job, then by candidate type, then generally; in your own folder first, then in the program's:
jobs/JOB/KIND.CHANNEL.j2, types/TYPE/…, general/…. The first line of a mail is `Subject: …`; a line `[[ label | link ]]` becomes a
button. Templates see plain texts and numbers, nothing they could call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hr_sync.errors import InvalidDataError
from hr_sync.followup.settings import MessageRules
from hr_sync.records import Candidate, EmploymentStatus, Job
from hr_sync.records.followups import Channel, MessageKind

_BUTTON = re.compile(r"^\[\[ (?P<label>.+?) \| (?P<link>\S+) \]\]$")
_NO_NEWLINE = str.maketrans({"\r": " ", "\n": " "})


@dataclass(frozen=True, slots=True)
class Words:
    """A message's words."""

    subject: str
    text: str
    html: str | None


class Wording:
    """Finds and renders templates.

    Args:
        settings: language and own templates.
    """

    def __init__(self, settings: MessageRules) -> None:
        packaged = PackageLoader("hr_sync.followup", f"templates/{settings.language}")
        own = [FileSystemLoader(settings.templates)] if settings.templates else []
        self._environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([*own, packaged]),
            autoescape=select_autoescape(("html.j2", "html")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(
        self,
        kind: MessageKind,
        channel: Channel,
        job: Job,
        candidate: Candidate,
        values: Mapping[str, Any],
        *,
        pixel: str | None = None,
    ) -> Words:
        """Words for a message.

        Raises:
            InvalidDataError: a template is missing or wrong; names file and line.
        """
        places = [f"jobs/{job.id}", *(f"types/{kind_of}" for kind_of in candidate_types(candidate)), "general"]
        names = [f"{place}/{kind}.{channel}.j2" for place in places]
        try:
            template = self._environment.select_template(names)
        except TemplateNotFound as error:
            raise InvalidDataError(f"there is no template {names[-1]}", remedy="add it to messages.templates") from error
        except TemplateSyntaxError as error:
            raise _wrong(f"{error.name}:{error.lineno}", error) from error
        try:
            text = template.render(**values)
        except (TemplateError, TypeError, ValueError) as error:  # what the words of a template may do wrong
            raise _wrong(str(template.name), error) from error
        if channel is Channel.SMS:
            return Words("", " ".join(text.split()), None)
        head, _, body = text.strip().partition("\n")
        if not head.startswith("Subject: "):
            raise InvalidDataError(
                "the first line of a mail's template is its subject", where=str(template.name), remedy="begin it with Subject:"
            )
        body = re.sub(r"\n{3,}", "\n\n", body).strip()
        html = self._environment.get_template("mail.html.j2").render(blocks=list(_blocks(body)), pixel=pixel)
        return Words(head.removeprefix("Subject: ").translate(_NO_NEWLINE).strip(), _plain(body), html)


def candidate_types(candidate: Candidate) -> tuple[str, ...]:
    """What sort of candidate this is, for the choice of templates, the most particular first."""
    types = []
    if candidate.status is EmploymentStatus.STUDENT or {"应届生", "应届毕业生"} & {*candidate.tags}:
        types.append("student")
    elif candidate.status is not None:
        types.append(str(candidate.status))
    if candidate.years_experience is not None and candidate.years_experience >= 8:
        types.append("experienced")
    return tuple(types)


def _wrong(where: str, error: Exception) -> InvalidDataError:
    return InvalidDataError(f"a template cannot be used: {error}", where=where, remedy="correct it")


def _blocks(body: str) -> Iterator[dict[str, Any]]:
    for paragraph in body.split("\n\n"):
        lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
        if len(lines) == 1 and (button := _BUTTON.match(lines[0])):
            yield {"link": button["link"], "label": button["label"], "lines": []}
        elif lines:
            yield {"link": None, "label": None, "lines": lines}


def _plain(body: str) -> str:
    return "\n".join(
        f"{button['label']}：{button['link']}" if (button := _BUTTON.match(line.strip())) else line for line in body.split("\n")
    )
