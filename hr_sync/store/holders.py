"""Who holds a database file locked: for the error message, so that a person knows which program to look at."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_LOCKS = Path("/proc/locks")


def holders(database: Path) -> str | None:
    """The other processes that hold a lock on the database, else those that have it open; None when none can be seen.

    Reads what the system tells about other processes and never opens the database: closing a descriptor of a file drops all POSIX
    locks this process has on it (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    files = [path for suffix in ("", "-wal", "-shm", "-journal") if (path := Path(f"{database}{suffix}")).exists()]
    locking = _locking({(status.st_dev, status.st_ino) for status in (path.stat() for path in files)}) - {os.getpid()}
    if locking:
        return _named(locking)
    opening = _opening({str(path.resolve()) for path in files}) - {os.getpid()}
    return f"one of those that have it open: {_named(opening)}" if opening else None


def _locking(inodes: set[tuple[int, int]]) -> set[int]:
    """Pids with a lock on one of the inodes, from lines like `1: POSIX  ADVISORY  WRITE 1234 fd:01:5678 120 120`."""
    try:
        lines = _LOCKS.read_text("ascii").splitlines()
    except OSError:
        return set()
    found = set()
    for line in lines:
        fields = line.split()
        if len(fields) < 8 or fields[1] == "->":  # `->` waits for the lock
            continue
        major, minor, inode = fields[5].split(":")
        if (os.makedev(int(major, 16), int(minor, 16)), int(inode)) in inodes:
            found.add(int(fields[4]))
    return found


def _opening(paths: set[str]) -> set[int]:
    found = set()
    for process in psutil.process_iter():
        try:
            if any(file.path in paths for file in process.open_files()):
                found.add(process.pid)
        except psutil.Error:  # it ended meanwhile, or belongs to someone else
            continue
    return found


def _named(pids: set[int]) -> str:
    names = []
    for pid in sorted(pids):
        try:
            names.append(f"{psutil.Process(pid).name()} (pid {pid})")
        except psutil.Error:
            names.append(f"pid {pid}")
    return ", ".join(names)
