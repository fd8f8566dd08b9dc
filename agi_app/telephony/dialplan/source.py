"""Asterisk's configuration text: logical lines with the file and line they come from, comments off, includes followed.

The reader gives files by the name that #include uses, so nothing here touches a disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agi_app.telephony.dialplan.findings import Finding

_INCLUDE = re.compile(r'#(include|tryinclude|exec)\s*(?:"([^"]*)"|<([^>]*)>|(\S+))?\s*$')
_GENERATED = "local/"
"""What Hireline writes at each start stands under this; it is not there to be read beforehand."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without comment."""

    text: str
    file: str
    number: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as admins know it."""

    name: str
    """For messages, e.g. dialplan/inbound.conf."""
    text: str


Reader = Callable[[str], Sequence[SourceFile]]
"""The files that a name, or a pattern with *, stands for; none when there are none."""


def read_lines(start: SourceFile, read: Reader, findings: list[Finding]) -> Iterator[Line]:
    """All lines from a file on, in Asterisk's order; what is wrong with includes is added to `findings`."""
    yield from _lines(start, read, findings, (start.name,))


def _lines(source: SourceFile, read: Reader, findings: list[Finding], path: tuple[str, ...]) -> Iterator[Line]:
    for number, text in _without_comments(source, findings):
        if not text.startswith("#"):
            yield Line(text, source.name, number)
            continue
        found = _INCLUDE.match(text)
        if found is None:
            findings.append(Finding(source.name, number, "unknown_directive", f"unknown directive {text.split()[0]}"))
            continue
        name = found[2] or found[3] or found[4] or ""
        if found[1] == "exec":
            findings.append(
                Finding(
                    source.name,
                    number,
                    "exec",
                    "#exec is switched off (execincludes in asterisk.conf): this line does nothing",
                    "warning",
                )
            )
        elif not name:
            findings.append(Finding(source.name, number, "include_without_name", f"#{found[1]} names no file"))
        elif not name.startswith(_GENERATED):
            yield from _included(name, found[1] == "tryinclude", Line(text, source.name, number), read, findings, path)


def _included(name: str, optional: bool, at: Line, read: Reader, findings: list[Finding], path: tuple[str, ...]) -> Iterator[Line]:
    files = read(name)
    if not files and not optional:
        findings.append(Finding(at.file, at.number, "missing_file", f"#include names a file that does not exist: {name}"))
    for file in files:
        if file.name in path:
            circle = " → ".join([*path[path.index(file.name) :], file.name])
            findings.append(Finding(at.file, at.number, "include_cycle", f"files include each other in a circle: {circle}"))
        else:
            yield from _lines(file, read, findings, (*path, file.name))


def _without_comments(source: SourceFile, findings: list[Finding]) -> Iterator[tuple[int, str]]:
    """Non-empty lines. `;` begins a comment unless a backslash stands before it; `;--` to `--;` is a comment over several lines."""
    depth, opened = 0, 0
    for number, raw in enumerate(source.text.splitlines(), start=1):
        kept, position = "", 0
        while position < len(raw):
            if depth:
                end = raw.find("--;", position)
                nested = raw.find(";--", position)
                if nested != -1 and (end == -1 or nested < end):
                    depth, position = depth + 1, nested + 3
                elif end == -1:
                    position = len(raw)
                else:
                    depth, position = depth - 1, end + 3
            elif raw.startswith(";--", position) and not raw.startswith(";---", position):
                depth, opened, position = 1, number, position + 3
            elif raw.startswith("\\;", position):
                kept, position = kept + ";", position + 2
            elif raw[position] == ";":
                break
            else:
                kept, position = kept + raw[position], position + 1
        if kept := kept.strip().lstrip("\ufeff"):
            yield number, kept
    if depth:
        findings.append(Finding(source.name, opened, "open_comment", "a comment begun with ;-- is never ended with --;"))
