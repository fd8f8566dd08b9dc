"""A rehearsal: a real Asterisk loads the admin's files aside, on ports of its own, and its log says what it thinks of them.

No carrier hears of it: registrations and the watch over trunks are turned to this machine, transports are bound to loopback.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

from agi_app.config import Settings
from agi_app.errors import AsteriskError, SetupError
from agi_app.telephony.dialplan.findings import Finding
from agi_app.telephony.server.installation import AsteriskInstallation, asterisk_folder
from agi_app.telephony.server.instance import Instance
from agi_app.telephony.server.process import AsteriskServer

_QUIETED = (
    (re.compile(r"^(\s*bind\s*=\s*)[^;\s]+", re.MULTILINE), None),
    (re.compile(r"^(\s*server_uri\s*=\s*)[^;\s]+", re.MULTILINE), r"\1sip:127.0.0.1:9"),
    (re.compile(r"^(\s*qualify_frequency\s*=\s*)[^;\s]+", re.MULTILINE), r"\g<1>0"),
)
"""What must not happen twice, or not at all, in a rehearsal; None: a free port of loopback."""
_PLACE = re.compile(r"line (\d+) of '?([^\s',]+)")
_FILE = re.compile(r"'?([\w./-]+\.conf)\b'?")
_MESSAGE = re.compile(r"(ERROR|WARNING)\[[^\]]*\](?:\[[^\]]*\])?:? *\S+: *(.*)")
_UNREACHED = re.compile(r"res_pjsip_outbound_registration\.c")
"""A registration cannot succeed in a rehearsal; that is no fault of a file."""


async def rehearse(settings: Settings, installation: AsteriskInstallation) -> list[Finding]:
    """Start an Asterisk with the admin's files, end it again, and tell what its log complained of.

    Raises:
        SetupError: the scratch folder cannot be written, or no port is free.
    """
    base = asterisk_folder(settings)
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base, prefix="rehearsal-") as folder:
        scratch = await asyncio.to_thread(_copy, settings, Path(folder))
        server = AsteriskServer(scratch, installation, name=f"check-{os.getpid()}")
        try:
            try:
                async with server:
                    lines = server.problems()
            except AsteriskError as error:
                if not (lines := server.problems()):
                    return [Finding("asterisk_conf", 0, "asterisk_does_not_start", error.what)]
            return as_findings(lines, server.instance)
        finally:
            server.instance.remove()


def as_findings(lines: list[str], instance: Instance) -> list[Finding]:
    """Lines of Asterisk's log as findings, with file and line where it names them."""
    found = []
    for line in lines:
        if _UNREACHED.search(line):
            continue
        matched = _MESSAGE.search(line)
        text = (matched[2] if matched else line).replace(f"{instance.inside}/etc/", "")
        place = _PLACE.search(text)
        named = _FILE.search(text)
        if place:
            file = place[2].rstrip(".:")
            number = _line_in(instance.folder / "etc" / file, int(place[1]))
            text = text.replace(place[0], f"line {number} of {file}")
        else:
            file, number = named[1] if named else "asterisk_conf", 0
        found.append(Finding(_admins_name(file), number, "asterisk", text.strip()))
    return sorted(set(found))


def _line_in(path: Path, number: int) -> int:
    """The line of a file that Asterisk means: through an #include with * it counts on from file to file (22.10)."""
    earlier = [other for other in sorted(path.parent.glob("*.conf")) if other < path] if path.parent.name != "etc" else []
    before = sum(len(other.read_bytes().splitlines()) + 1 for other in earlier)
    return number - before if number > before else number


def _admins_name(file: str) -> str:
    """The file an admin edits, for the copy that Asterisk reads."""
    return file if file.startswith(("dialplan/", "asterisk_conf")) else f"asterisk_conf/{file}"


def _copy(settings: Settings, folder: Path) -> Settings:
    """The admin's files in a scratch folder, quieted, and settings that name them and ports of their own."""
    paths = {}
    for name in ("asterisk_conf", "dialplan"):
        source = settings.folder(getattr(settings.paths, name))
        if not source.is_dir():
            raise SetupError(
                "a folder of Asterisk's configuration is missing", where=str(source), remedy=f"restore it, or correct paths.{name}"
            )
        shutil.copytree(source, folder / name)
        paths[name] = folder / name
    for file in (folder / "asterisk_conf" / "pjsip.d").glob("*.conf"):
        file.write_text(_quiet(file.read_text("utf-8", "replace")), "utf-8")
    ports = _free_ports(3)
    asterisk = settings.asterisk.model_copy(
        update={"host": "127.0.0.1", "sip_port": ports[0], "http_port": ports[1], "ami_port": ports[2]}
    )
    return settings.model_copy(update={"paths": settings.paths.model_copy(update=paths), "asterisk": asterisk})


def _quiet(text: str) -> str:
    for pattern, replacement in _QUIETED:
        text = pattern.sub(replacement or (lambda found: f"{found[1]}127.0.0.1:{_free_ports(1)[0]}"), text)
    return text


def _free_ports(count: int) -> list[int]:
    """Different ports nobody holds, for TCP as for UDP."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            stream = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            datagram = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                stream.bind(("127.0.0.1", 0))
                datagram.bind(stream.getsockname())
            except OSError as error:
                raise SetupError("no free port was found for a rehearsal", remedy="try again") from error
            ports.append(int(stream.getsockname()[1]))
    return ports
