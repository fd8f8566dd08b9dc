"""The dialplan as contexts, extensions and priorities. A tolerant reader: what it cannot read it reports, and goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from agi_app.telephony.dialplan.findings import Finding
from agi_app.telephony.dialplan.patterns import matches, pattern_regex
from agi_app.telephony.dialplan.source import Line

HINT = "hint"
_HEADER = re.compile(r"\[([^\]]*)\]\s*(?:\(([^)]*)\))?\s*$")
_OPTION = re.compile(r"([A-Za-z]+)\s*(?:=>|=)\s*(.*)$")
_PRIORITY = re.compile(r"(?:(\d+)|([ns])(?:\+(\d+))?|(hint))\s*(?:\(([^)]*)\))?$", re.IGNORECASE)
_NO_CONTEXTS = frozenset({"general", "globals"})


@dataclass(slots=True)
class Priority:
    """One step of an extension."""

    number: int | None
    """None for a hint."""
    label: str | None
    application: str
    arguments: str
    at: Line


@dataclass(slots=True)
class Extension:
    """One extension name or pattern of a context, with its steps in order."""

    name: str
    caller: str
    """Pattern of the caller's number, after a slash; mostly empty."""
    priorities: list[Priority] = field(default_factory=list)

    def has(self, priority: str) -> bool:
        """Whether a priority of that number or label is there."""
        return any(step.label == priority or str(step.number) == priority for step in self.priorities)


@dataclass(slots=True)
class Context:
    """One context; sections of the same name are one."""

    name: str
    at: Line
    extensions: dict[tuple[str, str], Extension] = field(default_factory=dict)
    includes: list[tuple[str, Line]] = field(default_factory=list)
    switches: bool = False
    """Has extensions that are not in these files."""


@dataclass(slots=True)
class Dialplan:
    """All contexts by name."""

    contexts: dict[str, Context] = field(default_factory=dict)

    def reachable(self, name: str) -> Iterable[Context]:
        """A context and all that it includes, directly or not, each once."""
        waiting, seen = [name], set()
        while waiting:
            if (current := waiting.pop(0)) in seen or current not in self.contexts:
                continue
            seen.add(current)
            yield self.contexts[current]
            waiting += [included for included, _ in self.contexts[current].includes]

    def extensions(self, context: str, number: str) -> list[Extension]:
        """The extensions a number may mean in a context and in those it includes."""
        return [
            extension
            for reached in self.reachable(context)
            for extension in reached.extensions.values()
            if _fits(extension.name, number)
        ]


def parse(lines: Iterable[Line], findings: list[Finding]) -> Dialplan:
    """Read a dialplan; what cannot be read is added to `findings`."""
    return _Parser(findings).run(lines)


class _Parser:
    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings
        self._plan = Dialplan()
        self._templates: dict[str, Context] = {}
        self._context: Context | None = None
        self._outside = True
        self._extension: Extension | None = None

    def run(self, lines: Iterable[Line]) -> Dialplan:
        for line in lines:
            if line.text.startswith("["):
                self._section(line)
            elif self._outside:
                self._report(line, "outside_section", "this stands before the first [context]")
            elif self._context is not None:
                self._option(line, self._context)
        return self._plan

    def _report(self, line: Line, code: str, what: str) -> None:
        self._findings.append(Finding(line.file, line.number, code, what))

    def _section(self, line: Line) -> None:
        self._extension, self._outside = None, False
        found = _HEADER.match(line.text)
        if found is None or not found[1].strip():
            self._context = None
            self._report(line, "bad_section", f"not a section header: {line.text}")
            return
        name, marks = found[1].strip(), [mark.strip() for mark in (found[2] or "").split(",") if mark.strip()]
        if name in _NO_CONTEXTS:
            self._context = None
            return
        target = self._templates if "!" in marks else self._plan.contexts
        self._context = target.setdefault(name, Context(name, line))
        for template in [mark for mark in marks if mark not in {"!", "+"}]:
            source = self._templates.get(template) or self._plan.contexts.get(template)
            if source is None:
                self._report(line, "missing_template", f"the template [{template}] does not exist, or stands further down")
                continue
            self._inherit(self._context, source)

    def _inherit(self, context: Context, source: Context) -> None:
        for key, extension in source.extensions.items():
            context.extensions.setdefault(key, Extension(extension.name, extension.caller)).priorities.extend(extension.priorities)
        context.includes += source.includes
        context.switches |= source.switches

    def _option(self, line: Line, context: Context) -> None:
        found = _OPTION.match(line.text)
        if found is None:
            self._report(line, "no_assignment", f"neither name => value nor name = value: {line.text[:60]}")
            return
        match found[1].lower(), found[2].strip():
            case "exten", value:
                self._exten(line, context, value)
            case "same", value:
                if self._extension is None:
                    self._report(line, "same_without_exten", "`same` with no `exten` before it in this context")
                else:
                    self._step(line, self._extension, value)
            case "include", value:
                context.includes.append((re.split(r"[,|]", value)[0].strip(), line))
            case (("switch" | "eswitch" | "lswitch"), _):
                context.switches = True
            case (("ignorepat" | "autohints"), _):
                pass
            case name, _:
                self._report(line, "unknown_option", f"`{name}` is no option of a context: Asterisk leaves it out")

    def _exten(self, line: Line, context: Context, value: str) -> None:
        name, comma, rest = _split_name(value)
        self._extension = None
        if not comma:
            self._report(line, "bad_extension", "an extension is NAME,PRIORITY,APPLICATION(ARGUMENTS)")
            return
        name, _, caller = name.strip().partition("/")
        if name.startswith("_"):
            try:
                pattern_regex(name)
            except ValueError as error:
                self._report(line, "bad_pattern", f"the pattern {name} cannot be used: {error}")
                return
        self._extension = context.extensions.setdefault((name, caller), Extension(name, caller))
        self._step(line, self._extension, rest)

    def _step(self, line: Line, extension: Extension, value: str) -> None:
        written, comma, call = value.partition(",")
        found = _PRIORITY.match(written.strip())
        if found is None:
            self._report(line, "bad_priority", f"{written.strip()[:40]!r} is no priority: a number, n, n(LABEL) or hint")
            return
        if found[4]:
            extension.priorities.append(Priority(None, None, call.strip(), "", line))
            return
        number = self._number(line, extension, found)
        if number is None:
            return
        if any(step.number == number for step in extension.priorities):
            self._report(
                line, "duplicate_priority", f"extension {extension.name} has a priority {number} already: this one is left out"
            )
            return
        if not comma or not call.strip():
            self._report(line, "no_application", "no application after the priority")
            return
        application, arguments = self._call(line, call.strip())
        label = found[5].strip() if found[5] else None
        if label and extension.has(label):
            self._report(line, "duplicate_label", f"extension {extension.name} has a label {label} already")
        extension.priorities.append(Priority(number, label, application, arguments, line))

    def _number(self, line: Line, extension: Extension, found: re.Match[str]) -> int | None:
        if found[1]:
            return int(found[1])
        numbered = [step.number for step in extension.priorities if step.number is not None]
        if not numbered:
            self._report(
                line, "next_without_first", f"extension {extension.name} begins with {found[2]}: its first priority must be 1"
            )
            return None
        return numbered[-1] + (0 if found[2].lower() == "s" else 1) + (int(found[3]) - (found[2].lower() == "n") if found[3] else 0)

    def _call(self, line: Line, call: str) -> tuple[str, str]:
        application, bracket, rest = call.partition("(")
        if not bracket:
            return application.strip(), ""
        if not rest.rstrip().endswith(")"):
            self._report(line, "open_bracket", f"{application.strip()}(…) is not closed: ) is missing at its end")
            return application.strip(), rest.strip()
        return application.strip(), rest.rstrip()[:-1]


def _split_name(value: str) -> tuple[str, str, str]:
    """The extension's name up to the first comma that is not inside [ ]."""
    depth = 0
    for position, character in enumerate(value):
        depth += (character == "[") - (character == "]")
        if character == "," and depth <= 0:
            return value[:position], ",", value[position + 1 :]
    return value, "", ""


def _fits(name: str, number: str) -> bool:
    try:
        return matches(name, number)
    except ValueError:  # reported when it was read
        return False
