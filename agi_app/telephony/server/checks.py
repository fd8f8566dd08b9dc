"""What `hireline doctor` says about Asterisk: one line a fact, and what to do when it is wrong."""

from __future__ import annotations

import asyncio
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from agi_app.config import Settings
from agi_app.errors import AmiError, AriError, ConfigError, SetupError
from agi_app.telephony.ami.client import AmiClient
from agi_app.telephony.ami.trunks import REGISTRATION_REMEDY, TRUNK_REMEDIES, trunk_picture
from agi_app.telephony.secrets import Secrets, load_secrets
from agi_app.telephony.server.control import ari_url, ask_ari
from agi_app.telephony.server.installation import NEEDED_BYTES, AsteriskInstallation, find_asterisk
from agi_app.telephony.server.instance import Instance
from agi_app.telephony.server.local_files import SIMULATED_TRUNK
from agi_app.telephony.server.ports import is_free, listening_ports

SPARE_BYTES = 500_000_000
"""Free disk below which recordings and logs of a working day may not fit."""

_MODULE_FOLDERS = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/lib64/asterisk/modules")
_LOAD_LINE = re.compile(r"^\s*(?:load|require)\s*=>?\s*(\S+?\.so)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Check:
    """One fact about this machine."""

    name: str
    ok: bool
    detail: str
    remedy: str | None = None
    """What to do; also given when something works but is worth knowing."""


async def check(settings: Settings, *, name: str | None = None) -> list[Check]:
    """Everything that can be said about Asterisk without starting it. Never raises for what it finds: that is a failed check.

    Args:
        name: the instance `serve` runs; by default the one the settings name.
    """
    try:
        secrets = load_secrets(settings.state)
    except (SetupError, ConfigError) as error:
        return [Check("secrets", ok=False, detail=_line(error), remedy=error.remedy)]
    if not settings.asterisk.managed:
        return [*await _running_checks(settings, secrets), _disk(settings, SPARE_BYTES)]
    try:
        installation = await asyncio.to_thread(find_asterisk, settings)
        if installation is None:
            missing = Check("asterisk", ok=False, detail="no Asterisk 22.10 or later was found", remedy="run `make setup`")
            return [missing, _disk(settings, NEEDED_BYTES)]
        instance = Instance.of(settings, installation, name)
    except (SetupError, ConfigError) as error:
        return [Check("asterisk", ok=False, detail=_line(error), remedy=error.remedy)]
    where = "the PATH" if installation.root is None else str(installation.root)
    checks = [Check("asterisk", ok=True, detail=f"{installation.version_text} in {where}"), _disk(settings, SPARE_BYTES)]
    pid = await asyncio.to_thread(instance.running_pid)
    checks += _ports(settings, pid)
    if pid is not None:
        return [*checks, *await _running_checks(settings, secrets)]
    checks.append(Check("asterisk process", ok=True, detail="not running now; `hireline serve`, `call` and `demo` start it"))
    return [*checks, _module_files(settings, installation), _trunk_files(settings)]


def needed_modules(settings: Settings) -> list[str]:
    """The modules that modules.conf loads. Raises OSError."""
    path = settings.folder(settings.paths.asterisk_conf) / "modules.conf"
    return _LOAD_LINE.findall(path.read_text(encoding="utf-8"))


async def _running_checks(settings: Settings, secrets: Secrets) -> list[Check]:
    """What a running Asterisk tells about itself by ARI and AMI."""
    try:
        info = await ask_ari(settings, secrets, "asterisk/info")
        modules = await ask_ari(settings, secrets, "asterisk/modules")
    except AriError as error:
        return [Check("ARI", ok=False, detail=_line(error), remedy=error.remedy)]
    if not (isinstance(info, dict) and isinstance(modules, list)):
        return [
            Check(
                "ARI",
                ok=False,
                detail=f"{ari_url(settings)} is not an Asterisk",
                remedy="correct asterisk.host and asterisk.http_port",
            )
        ]
    checks = [Check("ARI", ok=True, detail=f"Asterisk {info['system']['version']} answers at {ari_url(settings)}")]
    running = {module["name"] for module in modules if module["status"] == "Running"}
    checks.append(_missing_modules(settings, running, "running"))
    return [*checks, *await _trunks(settings, secrets)]


async def _trunks(settings: Settings, secrets: Secrets) -> list[Check]:
    """The state of every trunk and registration, by AMI."""
    try:
        async with AmiClient(settings.asterisk, secrets.ami_secret) as client:
            picture = await trunk_picture(client)
    except AmiError as error:
        return [Check("AMI", ok=False, detail=_line(error), remedy=error.remedy)]
    trunks = [trunk for trunk in picture.trunks if trunk.name != SIMULATED_TRUNK]
    checks = [Check(f"trunk {item.name}", ok=item.up, detail=item.words, remedy=TRUNK_REMEDIES.get(item.status)) for item in trunks]
    wanted = settings.trunk.name
    if not trunks:
        checks.append(_trunk_files(settings))
    elif wanted not in {item.name for item in trunks}:
        remedy = "write it into asterisk_conf/pjsip.d/ and restart, or set trunk.name to one that exists"
        checks.append(Check(f"trunk {wanted}", ok=False, detail="Asterisk does not know this endpoint", remedy=remedy))
    checks += [
        Check(
            f"registration {item.name}",
            ok=item.registered,
            detail=item.words,
            remedy=None if item.registered else REGISTRATION_REMEDY,
        )
        for item in picture.registrations
    ]
    return checks


def _trunk_files(settings: Settings) -> Check:
    """What the files alone say about the trunk of the settings."""
    name, folder = settings.trunk.name, settings.folder(settings.paths.asterisk_conf) / "pjsip.d"
    files = sorted(folder.glob("*.conf"))
    if not files:
        return Check(
            "trunk",
            ok=True,
            detail="none is configured: only simulated candidates can be called",
            remedy=f"to call real numbers copy an example in {folder} (docs/telecom-admins.md)",
        )
    for path in files:
        if re.search(rf"^\s*\[{re.escape(name)}\]", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE):
            return Check(f"trunk {name}", ok=True, detail=f"configured in {path.name}; its state is known when Asterisk runs")
    return Check(
        f"trunk {name}", ok=False, detail=f"no file in {folder} has a section [{name}]", remedy="write one, or correct trunk.name"
    )


def _ports(settings: Settings, pid: int | None) -> list[Check]:
    checks = []
    for port in listening_ports(settings.asterisk):
        try:
            free = is_free(settings.asterisk.host, port)
        except SetupError as error:
            checks.append(Check(f"port {port.number}/{port.protocol}", ok=False, detail=_line(error), remedy=error.remedy))
            continue
        detail = "free" if free else ("held by our Asterisk" if pid is not None else "held by another program")
        if free and pid is not None:
            detail = "not listened on, though our Asterisk runs"
        checks.append(
            Check(
                f"port {port.number}/{port.protocol}",
                ok=free == (pid is None),
                detail=f"{port.purpose}: {detail}",
                remedy=None
                if free == (pid is None)
                else f"set {port.setting} to a free port, or stop the other program; then restart",
            )
        )
    return checks


def _module_files(settings: Settings, installation: AsteriskInstallation) -> Check:
    root = installation.root or Path("/")
    found = {path.name for pattern in _MODULE_FOLDERS for path in root.glob(f"{pattern}/*.so")}
    return _missing_modules(settings, found, "installed")


def _missing_modules(settings: Settings, found: set[str], state: str) -> Check:
    try:
        needed = needed_modules(settings)
    except OSError as error:
        return Check(
            "modules",
            ok=False,
            detail=f"modules.conf cannot be read: {error.strerror}",
            remedy="restore it, or correct paths.asterisk_conf",
        )
    if missing := [module for module in needed if module not in found]:
        return Check(
            "modules",
            ok=False,
            detail=f"{len(missing)} of {len(needed)} are not {state}: {', '.join(missing)}",
            remedy="see Asterisk's log (a name in modules.conf may be misspelt, a package missing)",
        )
    return Check("modules", ok=True, detail=f"all {len(needed)} of modules.conf are {state}")


def _disk(settings: Settings, needed: int) -> Check:
    folder = next(path for path in (settings.state, *settings.state.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return Check(
        "disk",
        ok=free >= needed,
        detail=f"{free / 1e9:.1f} GB free at {folder}",
        remedy=None if free >= needed else f"free at least {needed / 1e9:.1f} GB, or set paths.state to another disk",
    )


def _line(error: SetupError | ConfigError | AriError | AmiError) -> str:
    return error.what if error.where is None else f"{error.what} ({error.where})"
