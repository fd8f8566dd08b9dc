"""What is wrong with a dialplan, as far as its text tells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from agi_app.telephony.dialplan.findings import Finding
from agi_app.telephony.dialplan.jumps import DYNAMIC, Jump, ends, jumps, split
from agi_app.telephony.dialplan.plan import Context, Dialplan, Extension, Priority, parse
from agi_app.telephony.dialplan.source import Reader, SourceFile, read_lines

_AGI_APPLICATIONS = frozenset({"agi", "eagi"})
_FAST_AGI = re.compile(r"h?agi://([^/]*)(/[^?]*)?")
_WAYS_OUT = frozenset({"dial", "originate", "transfer", "forkcdr", "retrydial", "page", "followme", "disa"})
"""Applications that can place a call."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the dialplan may refer to outside itself.

    Args:
        applications: name in lower case → module that provides it, `builtin` for Asterisk's core; None: not known.
        modules: modules that are loaded, without .so.
        routes: paths Hireline answers FastAGI at, without the leading slash; None: not known.
        entries: contexts that callers reach from outside.
    """

    applications: Mapping[str, str] | None = None
    modules: Collection[str] = ()
    routes: Collection[str] | None = None
    entries: Collection[str] = ()


def check_dialplan(start: SourceFile, read: Reader, known: Known) -> tuple[Dialplan, list[Finding]]:
    """Read a dialplan from its first file on and look for what is wrong with it; findings in the order of the files."""
    findings: list[Finding] = []
    plan = parse(read_lines(start, read, findings), findings)
    checker = _Checker(plan, known)
    findings += checker.run()
    return plan, sorted(set(findings))


class _Checker:
    def __init__(self, plan: Dialplan, known: Known) -> None:
        self._plan = plan
        self._known = known
        self._targets: set[tuple[str, str, str]] = set()
        """(context, extension, priority) somebody jumps to; extension as it is written in the jump."""

    def run(self) -> Iterator[Finding]:
        for context in self._plan.contexts.values():
            yield from self._includes(context)
            for extension, step in _steps(context):
                yield from self._application(step)
                yield from self._jumps(context, extension, step)
        for context in self._plan.contexts.values():
            for extension in context.extensions.values():
                yield from self._unreachable(context, extension)
        yield from self._entries()

    def _includes(self, context: Context) -> Iterator[Finding]:
        for name, at in context.includes:
            if "${" in name:
                continue
            if name not in self._plan.contexts:
                yield Finding(at.file, at.number, "missing_context", f"[{context.name}] includes [{name}], which does not exist")
            elif context.name in {reached.name for reached in self._plan.reachable(name)}:
                yield Finding(at.file, at.number, "context_cycle", f"[{context.name}] and [{name}] include each other in a circle")

    def _application(self, step: Priority) -> Iterator[Finding]:
        known, name = self._known, step.application.lower()
        at = step.at
        if known.applications is not None and "${" not in name:
            module = known.applications.get(name)
            if module is None:
                yield Finding(at.file, at.number, "unknown_application", f"Asterisk has no application {step.application}")
            elif module != "builtin" and module not in known.modules:
                what = f"{step.application} comes with {module}.so, which modules.conf does not load"
                yield Finding(at.file, at.number, "application_not_loaded", what)
        if name in _AGI_APPLICATIONS:
            yield from self._agi(step)

    def _agi(self, step: Priority) -> Iterator[Finding]:
        target, at = split(step.arguments)[0], step.at
        found = _FAST_AGI.match(target)
        if found is None:
            what = f"AGI starts a program here ({target[:40]}); Hireline's own lookups are agi://HOST/ROUTE"
            yield Finding(at.file, at.number, "agi_program", what, "warning")
            return
        route = (found[2] or "").strip("/")
        if self._known.routes is not None and "${" not in route and route not in self._known.routes:
            there = ", ".join(sorted(self._known.routes)) or "none"
            yield Finding(at.file, at.number, "missing_route", f"Hireline has no FastAGI route {route!r} (there are: {there})")

    def _jumps(self, context: Context, extension: Extension, step: Priority) -> Iterator[Finding]:
        for jump in jumps(step.application, step.arguments):
            place = jump.context or context.name
            name = jump.extension or extension.name
            self._targets.add((place, name, jump.priority))
            if what := self._missing(jump, place, name, extension if jump.extension is None and jump.context is None else None):
                at = step.at
                yield Finding(at.file, at.number, what[0], f"{step.application} leads to {what[1]}")

    def _missing(self, jump: Jump, place: str, name: str, own: Extension | None) -> tuple[str, str] | None:
        """What of a target does not exist: code and words."""
        if DYNAMIC in {place, name}:
            return (
                None
                if place == DYNAMIC or place in self._plan.contexts
                else ("missing_context", f"[{place}], which does not exist")
            )
        if place not in self._plan.contexts:
            return "missing_context", f"[{place}], which does not exist"
        if any(reached.switches for reached in self._plan.reachable(place)):
            return None
        found = [own] if own is not None else self._plan.extensions(place, name) or self._named(place, name)
        if not found:
            return "missing_extension", f"extension {name} of [{place}], which does not exist"
        if jump.priority != DYNAMIC and not any(extension.has(jump.priority) for extension in found):
            return "missing_priority", f"priority or label {jump.priority!r} of {name} in [{place}], which does not exist"
        return None

    def _named(self, place: str, name: str) -> list[Extension]:
        """An extension by the very name it is written with: Goto(_X.,1) is odd, but works."""
        return [ext for reached in self._plan.reachable(place) for ext in reached.extensions.values() if ext.name == name]

    def _unreachable(self, context: Context, extension: Extension) -> Iterator[Finding]:
        steps = sorted((step for step in extension.priorities if step.number is not None), key=lambda step: step.number or 0)
        if not steps:
            return
        name, at = extension.name, steps[0].at
        if steps[0].number != 1 and not self._aimed_at(context, extension, steps[0]):
            yield Finding(at.file, at.number, "no_first_priority", f"extension {name} of [{context.name}] has no priority 1")
        for before, step in pairwise(steps):
            if self._aimed_at(context, extension, step):
                continue
            following, why = (before.number or 0) + 1, ""
            if step.number != following:
                why = f"{following} is missing before it"
            elif ends(before.application, before.arguments):
                why = f"{before.application} before it ends or leaves"
            if why:
                what = f"priority {step.number} of {name} is never reached: {why}"
                yield Finding(step.at.file, step.at.number, "unreachable", what)

    def _aimed_at(self, context: Context, extension: Extension, step: Priority) -> bool:
        """Whether some jump may lead to this step."""
        wanted = {str(step.number), *([step.label] if step.label else [])}
        for place, name, priority in self._targets:
            if priority != DYNAMIC and priority not in wanted:
                continue
            if place not in {context.name, DYNAMIC} and context.name not in {item.name for item in self._plan.reachable(place)}:
                continue
            if name in {extension.name, DYNAMIC} or extension in self._plan.extensions(context.name, name):
                return True
        return False

    def _entries(self) -> Iterator[Finding]:
        """Nothing that comes in may lead out: what callers can reach must not be able to place a call."""
        reached: set[str] = set()
        waiting = [name for name in self._known.entries if name in self._plan.contexts]
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            reached.add(name)
            for context in self._plan.reachable(name):
                waiting.append(context.name)
                for _, step in _steps(context):
                    targets = [jump.context for jump in jumps(step.application, step.arguments)]
                    waiting += [target for target in targets if target and target in self._plan.contexts]
        for name in reached:
            for _, step in _steps(self._plan.contexts[name]):
                if step.application.lower() in _WAYS_OUT:
                    what = f"a caller from outside can reach this {step.application}, and telephone at your cost"
                    yield Finding(step.at.file, step.at.number, "leads_out", what, "warning")


def _steps(context: Context) -> Iterator[tuple[Extension, Priority]]:
    for extension in context.extensions.values():
        for step in extension.priorities:
            if step.number is not None:
                yield extension, step
