"""Which Asterisk we run: one on the PATH, or one of our own in a root file system under the state folder."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from agi_app.config import Settings
from agi_app.errors import SetupError

OLDEST_VERSION = (22, 10, 0)
"""chan_websocket came with 22.6, its JSON control messages and marks with 22.8, lock fixes it needs with 22.10."""
SUITE = "forky"
"""The Debian release whose Asterisk is new enough."""
PACKAGES = ("asterisk", "asterisk-modules", "asterisk-config")
NEEDED_BYTES = 1_500_000_000
"""Free disk space wanted before installing: the result takes 0.4 GB, the packages on their way through as much again."""

Progress = Callable[[str], None]

_INSTALL_ONE = "install Asterisk 22.10 or later so that `asterisk` is on the PATH"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AsteriskInstallation:
    """An Asterisk that can be started."""

    version: tuple[int, int, int]
    version_text: str
    root: Path | None
    """The root file system it lives in; None for one installed on this system."""
    program: str = "asterisk"
    """Path, or the name inside `root`."""

    @property
    def enter(self) -> tuple[str, ...]:
        """What stands before a command that is to run where this Asterisk lives."""
        return () if self.root is None else ("chroot", str(self.root))

    def outside(self, inside: Path) -> Path:
        """Where a path that Asterisk sees lies for us."""
        return inside if self.root is None else self.root / inside.relative_to("/")


def asterisk_folder(settings: Settings) -> Path:
    """Everything of Asterisk's under the state folder."""
    return settings.state / "asterisk"


def find_asterisk(settings: Settings) -> AsteriskInstallation | None:
    """The Asterisk that would be used: one on the PATH that is new enough, then our own; None when there is neither.

    Raises:
        SetupError: our own is there but cannot be used.
    """
    if program := shutil.which("asterisk"):
        try:
            return _examine(None, program)
        except SetupError as error:
            _log.warning("asterisk_on_path_not_used", reason=error.what, path=program)
    root = asterisk_folder(settings) / "rootfs"
    return _examine(root, "asterisk") if root.is_dir() else None


def ensure_asterisk(settings: Settings, progress: Progress = lambda _: None) -> AsteriskInstallation:
    """Find Asterisk, or install it into a root file system of its own. Does nothing the second time. Blocks: the installation takes
    a minute or two.

    Args:
        progress: called with one line of text at a time while something is done.

    Raises:
        SetupError: no root, no mmdebstrap, no disk space, network or package failure, version too old.
    """
    if found := find_asterisk(settings):
        return found
    folder = asterisk_folder(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"the state folder cannot be written: {error.strerror}",
            where=str(folder),
            remedy="set paths.state to a writable folder",
        ) from error
    with _only_one(folder / "install.lock", progress):
        return find_asterisk(settings) or _install(folder, progress)


def parse_version(text: str) -> tuple[int, int, int]:
    """The numbers in what `asterisk -V` prints: "Asterisk 22.10.1+dfsg-1" is (22, 10, 1). Raises ValueError."""
    match = re.search(r"Asterisk (?:certified[/-])?(\d+)\.(\d+)(?:\.(\d+))?", text)
    if match is None:
        raise ValueError(f"no version in {text[:80]!r}")
    return int(match[1]), int(match[2]), int(match[3] or 0)


def _examine(root: Path | None, program: str) -> AsteriskInstallation:
    where = program if root is None else str(root)
    remedy = _INSTALL_ONE if root is None else f"delete {root} and run `make setup` again"
    if root is not None and os.geteuid() != 0:
        raise SetupError(
            "Hireline's own Asterisk lives in a root file system of its own, and entering it needs root",
            where=where,
            remedy=f"run as root, or {_INSTALL_ONE}",
        )
    enter = () if root is None else ("chroot", str(root))
    try:
        run = subprocess.run([*enter, program, "-V"], capture_output=True, text=True, timeout=30, check=True)
        version = parse_version(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SetupError(f"Asterisk does not tell its version: {error}", where=where, remedy=remedy) from error
    if version < OLDEST_VERSION:
        raise SetupError(
            f"Asterisk {_dotted(version)} is too old: {_dotted(OLDEST_VERSION)} or later is needed", where=where, remedy=remedy
        )
    return AsteriskInstallation(version, run.stdout.strip().removeprefix("Asterisk "), root, program)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


@contextmanager
def _only_one(path: Path, progress: Progress) -> Iterator[None]:
    """Let one process install at a time; the others wait and then find the work done."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process is installing Asterisk; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(folder: Path, progress: Progress) -> AsteriskInstallation:
    """Build a root file system beside its final place, prove that its Asterisk runs, then rename it."""
    if os.geteuid() != 0:
        raise SetupError(
            "no Asterisk 22.10 or later was found, and installing one needs root",
            where=str(folder),
            remedy=f"run as root, or {_INSTALL_ONE}",
        )
    if shutil.which("mmdebstrap") is None:
        raise SetupError(
            "no Asterisk 22.10 or later was found, and installing one needs the program mmdebstrap",
            remedy=f"apt-get install mmdebstrap, or {_INSTALL_ONE}",
        )
    for half_made in folder.glob("rootfs.partial-*"):
        _remove(half_made)
    if (free := shutil.disk_usage(folder).free) < NEEDED_BYTES:
        raise SetupError(
            f"installing Asterisk needs {NEEDED_BYTES / 1e9:.1f} GB of free disk, {free / 1e9:.1f} GB are left",
            where=str(folder),
            remedy="free some space, or set paths.state to a folder on another disk",
        )
    partial = folder / f"rootfs.partial-{os.getpid()}"
    progress(f"installing Asterisk from Debian {SUITE} into {folder / 'rootfs'} (about a minute, 0.4 GB)")
    try:
        _bootstrap(partial, progress)
        installed = _examine(partial, "asterisk")
        partial.rename(folder / "rootfs")
    finally:
        if partial.exists():
            _remove(partial)
    progress(f"Asterisk {installed.version_text} is installed")
    return AsteriskInstallation(installed.version, installed.version_text, folder / "rootfs", "asterisk")


def _bootstrap(target: Path, progress: Progress) -> None:
    options = {
        "APT::Install-Recommends": "false",
        "Acquire::Retries": "3",
        "Acquire::Check-Valid-Until": "false",  # a mirror that is days behind would else stop us; signatures are still checked
    }
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    command += [f'--aptopt={name} "{value}"' for name, value in options.items()]
    command += [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "locale", "info")]
    last: deque[str] = deque(maxlen=12)
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    with subprocess.Popen(
        [*command, SUITE, str(target)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        for line in map(str.strip, process.stdout):
            if line:
                last.append(line)
            if line.startswith("I: "):
                progress(line.removeprefix("I: "))
    if process.returncode:
        raise SetupError(
            f"installing Asterisk failed (mmdebstrap ended with {process.returncode}); its last lines:\n    " + "\n    ".join(last),
            where=str(target),
            remedy="check the network and the Debian mirror (/etc/apt/sources.list is not used), then run again: it starts afresh",
        )


def _remove(tree: Path) -> None:
    """Delete a half-made root file system, but never through something that is still mounted in it."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    if inside := [mount for mount in mounts if Path(mount).is_relative_to(tree.resolve())]:
        raise SetupError(
            "a half-made root file system cannot be deleted: something is mounted in it",
            where=", ".join(inside),
            remedy="umount it, then run again",
        )
    shutil.rmtree(tree)
