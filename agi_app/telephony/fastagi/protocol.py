"""FastAGI's lines: Asterisk sends `name: value` lines and an empty one, then answers each of our commands. Pure.

Source: Asterisk's documentation of AGI (the environment `agi_…`, the replies `200 result=N (text)`, and `HANGUP` on a line of its
own when the channel goes away).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agi_app.errors import TelephonyError

LONGEST_LINE = 1024
MOST_LINES = 80
_REPLY = re.compile(r"(\d{3})(?:[ -]result=(-?\d+))?(?: \((.*)\))?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_PREFIX = "agi_"


class AgiError(TelephonyError):
    """The other end of a FastAGI connection broke the rules, or went away."""

    code = "agi"


@dataclass(frozen=True, slots=True)
class AgiRequest:
    """What Asterisk asks."""

    route: str
    """The path of the address, without slashes around it and without a query."""
    variables: dict[str, str]
    """All of `agi_…`, without the prefix."""

    @property
    def caller_number(self) -> str:
        """As the trunk sent it; empty when it is withheld."""
        number = self.variables.get("callerid", "")
        return "" if number in {"unknown", "anonymous", "Anonymous", "restricted"} else number


@dataclass(frozen=True, slots=True)
class AgiReply:
    """Asterisk's answer to a command."""

    code: int
    result: int | None
    text: str


@dataclass(slots=True)
class RequestReader:
    """Gathers the lines of a request. `feed` returns it when the empty line came."""

    _variables: dict[str, str] = field(default_factory=dict)
    _lines: int = 0

    def feed(self, line: str) -> AgiRequest | None:
        """Take a line without its end. Raises AgiError for anything that is no request."""
        self._lines += 1
        if self._lines > MOST_LINES or len(line) > LONGEST_LINE:
            raise AgiError("a request is too long")
        if line:
            name, colon, value = line.partition(":")
            if not colon or not name.startswith(_PREFIX):
                raise AgiError("a line of the request is not agi_name: value")
            self._variables[name.removeprefix(_PREFIX)] = value.strip()
            return None
        script = self._variables.get("network_script")
        if script is None:
            raise AgiError("the request names no route", remedy="write AGI(agi://HOST:PORT/ROUTE) in the dialplan")
        return AgiRequest(script.split("?", 1)[0].strip("/"), self._variables)


def parse_reply(line: str) -> AgiReply:
    """Read a reply. Raises AgiError when the channel went away or the line is no reply."""
    if line == "HANGUP":
        raise AgiError("the channel went away")
    found = _REPLY.match(line)
    if found is None or len(line) > LONGEST_LINE:
        raise AgiError("a reply has another form than AGI's")
    code, result, text = found.groups()
    return AgiReply(int(code), int(result) if result else None, text or "")


def set_variable(name: str, value: str) -> str:
    """The command that sets a channel variable. Raises ValueError for a name or value that would break the line."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a channel variable")
    if any(ord(character) < 32 for character in value) or len(value) > LONGEST_LINE // 2:
        raise ValueError("the value holds control characters or is too long")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'SET VARIABLE {name} "{escaped}"\n'
