"""Which process drives a call, and whether it still lives: how a successor tells what was left behind by a dead one."""

from __future__ import annotations

import socket

import psutil

_CLOCK_TOLERANCE_S = 2.0
"""The start of a process is derived from the clock, which may be set meanwhile."""


def this_process() -> str:
    """Name of this process among all there ever were: host, process id and start in Unix seconds, parted by colons."""
    process = psutil.Process()
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.0f}"


def is_alive(owner: str) -> bool | None:
    """Whether the owner's process runs still; None when that cannot be told from here: another host, another kind of name."""
    try:
        host, pid, started = owner.rsplit(":", 2)
        number, start_s = int(pid), float(started)
    except ValueError:
        return None
    if host != socket.gethostname():
        return None
    try:
        process = psutil.Process(number)
        return abs(process.create_time() - start_s) <= _CLOCK_TOLERANCE_S and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
