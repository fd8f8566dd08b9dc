"""One Asterisk instance on disk: its folder, its configuration, who owns it, and the process that may be running from it.

Layout of the folder: etc/ (a copy of asterisk_conf/ and dialplan/, and generated local/), run/, log/, spool/, lib/, lock.
The admin's files are copied, never changed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import psutil
import structlog

from agi_app.config import Settings
from agi_app.errors import AsteriskError, ConfigError, SetupError
from agi_app.telephony.server.installation import AsteriskInstallation, asterisk_folder
from agi_app.telephony.server.local_files import MAIN_FILE, SIMULATED_FILE

UNPRIVILEGED = 58_560
"""User and group id Asterisk gets when we are root: nobody's account (Debian leaves 30000-59999 unused), so that an Asterisk that
is broken into owns no other file and can signal no other process."""
LONGEST_SOCKET_PATH = 107

_KEPT = "etc.kept"
_WRITABLE = ("run", "log", "spool", "lib")
_RESERVED = ("local", "dialplan")
_HOST_FILES = ("localtime", "resolv.conf", "hosts")
"""What a root file system of its own needs from this machine: dialplan time conditions, and names of trunks."""
_PROBLEM = re.compile(r"\b(?:ERROR|WARNING)\[")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Instance:
    """A named place for one running Asterisk."""

    installation: AsteriskInstallation
    name: str
    inside: Path
    """The folder as Asterisk sees it."""
    account: int | None
    """User and group id it runs under; None for our own."""

    @classmethod
    def of(cls, settings: Settings, installation: AsteriskInstallation, name: str | None = None) -> Instance:
        """The instance of that name (by default the one the settings name); nothing is made yet."""
        name = settings.asterisk.instance if name is None else name
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
            raise ConfigError(f"an Asterisk instance cannot be called {name!r}", remedy="lower-case letters, digits and - only")
        home = Path("/srv/hireline") if installation.root is not None else asterisk_folder(settings) / "instances"
        inside = home / name
        instance = cls(installation, name, inside, _account(installation, inside))
        if len(str(socket := inside / "run" / "asterisk.ctl")) > LONGEST_SOCKET_PATH:
            raise SetupError(
                "the path of Asterisk's control socket is longer than Unix allows",
                where=str(socket),
                remedy="set a shorter paths.state",
            )
        return instance

    @classmethod
    def at(cls, folder: Path) -> Instance:
        """The instance of an Asterisk that somebody else starts, such as a container or systemd, under the account we run under."""
        return cls(AsteriskInstallation((0, 0, 0), "", None), folder.name, folder.resolve(), None)

    @property
    def folder(self) -> Path:
        """The folder as we see it."""
        return self.installation.outside(self.inside)

    @property
    def main_file(self) -> str:
        """What `asterisk -C` is given."""
        return str(self.inside / "etc" / MAIN_FILE)

    @property
    def log_path(self) -> Path:
        """Notices, warnings and errors."""
        return self.folder / "log" / "messages.log"

    @property
    def console_path(self) -> Path:
        """What Asterisk said before it had a log."""
        return self.folder / "console.log"

    def command(self, *arguments: str, die_with_us: bool = False) -> list[str]:
        """An Asterisk command line for this instance, run without privileges.

        Args:
            arguments: what follows `asterisk -C FILE`.
            die_with_us: the kernel sends it SIGTERM when the thread that started it ends, however that ends. Set after the change
                of user, which clears it (prctl(2), PR_SET_PDEATHSIG); `chroot` and `setpriv` exec, so it stays the same process.
        """
        privileges = ["setpriv", "--no-new-privs"]
        if self.account is not None:
            privileges += [f"--reuid={self.account}", f"--regid={self.account}", "--clear-groups"]
        if die_with_us:
            privileges.append("--pdeathsig=TERM")
        return [*self.installation.enter, *privileges, self.installation.program, "-C", self.main_file, *arguments]

    def lock(self) -> TextIO:
        """Claim the instance for this process; close the file to give it back. A process that dies gives it back too.

        Raises:
            AsteriskError: another process runs it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        file = (self.folder / "lock").open("a", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise AsteriskError(
                f"the Asterisk instance {self.name!r} is already run by another Hireline process",
                where=str(self.folder),
                remedy="stop that one (`hireline serve`, `call` and `demo` each run one), or set paths.state to another folder",
            ) from error
        return file

    def prepare(self, settings: Settings, local_files: dict[str, str]) -> None:
        """Make the folder and its configuration anew."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._own(self.folder, 0o711 if self.account is not None else 0o700)
            for part in _WRITABLE:
                (self.folder / part).mkdir(exist_ok=True)
                self._own(self.folder / part, 0o770)
            if self.installation.root is not None:
                self._copy_host_files(self.installation.root)
            self._deploy(settings, local_files)
        except OSError as error:
            raise SetupError(
                f"the folder of the Asterisk instance cannot be prepared: {error.strerror}",
                where=str(error.filename or self.folder),
                remedy="check its owner and the disk",
            ) from error

    def refresh(self, settings: Settings) -> None:
        """Copy the admin's files again, keeping what was generated at the start. Asterisk reads them at its next reload."""
        local = self.folder / "etc" / "local"
        self._deploy(settings, {path.name: path.read_text(encoding="utf-8") for path in local.glob("*.conf")})

    def keep(self) -> None:
        """Put a copy of the present configuration aside, for `restore`."""
        kept = self.folder / _KEPT
        if kept.exists():
            shutil.rmtree(kept)
        shutil.copytree(self.folder / "etc", kept, symlinks=True)
        self._hand_over(kept)

    def restore(self) -> None:
        """Put the configuration that was kept in place again. Asterisk reads it at its next reload."""
        etc, old = self.folder / "etc", self.folder / "etc.old"
        if old.exists():
            shutil.rmtree(old)
        etc.rename(old)
        (self.folder / _KEPT).rename(etc)
        shutil.rmtree(old)

    def running_pid(self) -> int | None:
        """The Asterisk that runs from this folder, whoever started it."""
        root = self.installation.root or Path("/")
        for process in psutil.process_iter():
            try:
                ours = process.cmdline()[-3:] == ["-C", self.main_file, "-f"] and Path(f"/proc/{process.pid}/root").samefile(root)
            except (psutil.Error, OSError):  # ended meanwhile, or somebody else's
                continue
            if ours:
                return process.pid
        return None

    def problems(self, since: int = 0) -> list[str]:
        """The warnings and errors in the log after byte `since`."""
        if not self.log_path.exists():
            return []
        with self.log_path.open("rb") as log:
            log.seek(since)
            return [line for line in log.read().decode("utf-8", "replace").splitlines() if _PROBLEM.search(line)]

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _deploy(self, settings: Settings, local_files: dict[str, str]) -> None:
        new, old, etc = (self.folder / name for name in ("etc.new", "etc.old", "etc"))
        for leftover in (new, old):
            if leftover.exists():
                shutil.rmtree(leftover)
        _copy(settings.folder(settings.paths.asterisk_conf), new, "paths.asterisk_conf")
        if reserved := [name for name in _RESERVED if (new / name).exists()]:
            raise ConfigError(
                f"the folder name {reserved[0]!r} is taken by what Hireline generates",
                where=str(settings.folder(settings.paths.asterisk_conf) / reserved[0]),
                remedy="give it another name",
            )
        _copy(settings.folder(settings.paths.dialplan), new / "dialplan", "paths.dialplan")
        if SIMULATED_FILE in local_files and (new / "pjsip.d").exists():
            shutil.rmtree(new / "pjsip.d")  # a simulation never registers with a real carrier
        (new / "local").mkdir()
        for name, text in local_files.items():
            (new / "local" / name).write_text(text, encoding="utf-8")
        self._hand_over(new)
        if etc.exists():
            etc.rename(old)
        new.rename(etc)
        if old.exists():
            shutil.rmtree(old)

    def _hand_over(self, folder: Path) -> None:
        """Let Asterisk read a configuration folder, and nobody else."""
        for path in [folder, *folder.rglob("*")]:
            self._own(path, 0o750 if path.is_dir() else 0o640)

    def _own(self, path: Path, mode: int) -> None:
        """Root keeps the files; Asterisk reads them as the group. Without root they are ours."""
        if self.account is not None:
            os.chown(path, 0, self.account)
        path.chmod(mode if self.account is not None else mode & 0o700)

    def _copy_host_files(self, root: Path) -> None:
        for name in _HOST_FILES:
            source, target = Path("/etc") / name, root / "etc" / name
            if source.exists() and not (target.exists() and not target.is_symlink() and source.read_bytes() == target.read_bytes()):
                draft = target.with_name(f".{name}.{os.getpid()}")
                shutil.copyfile(source, draft)
                draft.replace(target)


def _copy(source: Path, target: Path, setting: str) -> None:
    if not source.is_dir():
        raise ConfigError(
            "a folder of Asterisk's configuration is missing", where=str(source), remedy=f"restore it, or correct {setting}"
        )
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*", "*.example", "*~"), copy_function=shutil.copyfile)


def _account(installation: AsteriskInstallation, folder: Path) -> int | None:
    """Root never runs Asterisk as root, unless the folder of a system's Asterisk lies where nobody else may enter."""
    if os.geteuid() != 0:
        return None
    if installation.root is not None:
        return UNPRIVILEGED
    if closed := [parent for parent in folder.parents if parent.exists() and not parent.stat().st_mode & 0o001]:
        _log.warning("asterisk_runs_as_root", reason="the state folder is closed to other users", folder=str(closed[-1]))
        return None
    return UNPRIVILEGED
