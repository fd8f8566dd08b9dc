"""The admin's dialplan on disk, and what Asterisk has to offer it: the adapter between files and the checks of dialplan/."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from agi_app.config import CHECKOUT, Settings
from agi_app.errors import ConfigError
from agi_app.telephony.dialplan.check import Known, check_dialplan
from agi_app.telephony.dialplan.findings import Finding
from agi_app.telephony.dialplan.plan import Dialplan
from agi_app.telephony.dialplan.source import SourceFile
from agi_app.telephony.server.installation import AsteriskInstallation
from agi_app.telephony.server.local_files import INBOUND_CONTEXT

MAIN_FILE = "extensions.conf"
_DOCUMENTATION = ("usr/share/asterisk/documentation", "var/lib/asterisk/documentation")
_APPLICATION = re.compile(r'<application name="([^"]+)"[^>]*?module="([^"]+)"')
_LOAD_LINE = re.compile(r"^\s*(?:load|require|preload)\s*=>?\s*(\S+?)\.so", re.MULTILINE)


def check_files(
    settings: Settings, installation: AsteriskInstallation | None, routes: Collection[str] | None
) -> tuple[Dialplan, list[Finding]]:
    """Look over extensions.conf and everything it includes, without starting anything.

    Args:
        installation: tells which applications there are; None: that is not looked at.
        routes: paths of Hireline's FastAGI lookups; None: that is not looked at.

    Raises:
        ConfigError: a folder or file that is not there or cannot be read.
    """
    folder = settings.folder(settings.paths.asterisk_conf)
    main = folder / MAIN_FILE
    applications = None if installation is None else documented_applications(installation)
    known = Known(applications, loaded_modules(folder / "modules.conf"), routes, (INBOUND_CONTEXT,))
    return check_dialplan(_source(main), lambda name: _included(settings, name), known)


def documented_applications(installation: AsteriskInstallation) -> dict[str, str] | None:
    """The dialplan applications of an Asterisk: name in lower case → module. None when its documentation is not installed."""
    root = installation.root or Path("/")
    for folder in _DOCUMENTATION:
        for path in sorted((root / folder).glob("core-*.xml")):
            text = path.read_text(encoding="utf-8", errors="replace")
            return {name.lower(): module for name, module in _APPLICATION.findall(text)}
    return None


def loaded_modules(path: Path) -> set[str]:
    """The modules that modules.conf loads, without .so. Raises ConfigError."""
    return set(_LOAD_LINE.findall(_source(path).text))


def _included(settings: Settings, name: str) -> Sequence[SourceFile]:
    """Files an #include names, as they will stand in Asterisk's folder."""
    first, _, rest = name.partition("/")
    base, pattern = settings.folder(settings.paths.asterisk_conf), name
    if first == "dialplan" and rest:
        base, pattern = settings.folder(settings.paths.dialplan), rest
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        return ()  # Asterisk lives in a root of its own: such a file is not there for it
    return [_source(path) for path in sorted(base.glob(pattern)) if path.is_file() and not path.name.startswith(".")]


def _source(path: Path) -> SourceFile:
    try:
        return SourceFile(_shown(path), path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise ConfigError(
            f"a file of Asterisk's configuration cannot be read: {error.strerror}",
            where=str(path),
            remedy="restore it, or correct paths.asterisk_conf and paths.dialplan",
        ) from error


def _shown(path: Path) -> str:
    """How a file is called in messages: counted from the checkout where it lies in it."""
    return str(path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path)
