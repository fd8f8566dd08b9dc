"""Whether a local port can be bound, and which setting decides it."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from typing import Literal

from agi_app.config import AsteriskSettings
from agi_app.errors import SetupError


@dataclass(frozen=True, slots=True)
class Port:
    """A port Asterisk listens on."""

    setting: str
    number: int
    protocol: Literal["tcp", "udp"]
    purpose: str

    def __str__(self) -> str:
        return f"{self.purpose} port {self.number}/{self.protocol} ({self.setting})"


def listening_ports(asterisk: AsteriskSettings) -> list[Port]:
    """The ports Asterisk binds at start; RTP ports are bound call by call."""
    return [
        Port("asterisk.sip_port", asterisk.sip_port, "udp", "SIP"),
        Port("asterisk.http_port", asterisk.http_port, "tcp", "HTTP (ARI)"),
        Port("asterisk.ami_port", asterisk.ami_port, "tcp", "AMI"),
    ]


def is_free(host: str, port: Port) -> bool:
    """Whether `port` can be bound on `host` right now.

    Raises:
        SetupError: it cannot be bound for another reason than being taken (address not of this machine, privileged port).
    """
    kind = socket.SOCK_STREAM if port.protocol == "tcp" else socket.SOCK_DGRAM
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if port.protocol == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections just closed do not count
        try:
            probe.bind((host, port.number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise SetupError(
                f"{port} cannot be opened: {error.strerror}",
                where=f"{host}:{port.number}",
                remedy=f"set {port.setting} or asterisk.host to what this machine may use",
            ) from error
    return True


def require_free(asterisk: AsteriskSettings) -> None:
    """Raise SetupError naming every port that is taken and the setting that moves it."""
    if taken := [port for port in listening_ports(asterisk) if not is_free(asterisk.host, port)]:
        raise SetupError(
            "Asterisk cannot start, another program holds " + ", ".join(map(str, taken)),
            where=", ".join(f"{asterisk.host}:{port.number}" for port in taken),
            remedy="stop that program, or set " + ", ".join(port.setting for port in taken) + " to a free port",
        )
    if asterisk.rtp_last_port <= asterisk.rtp_first_port:
        raise SetupError(
            f"the RTP range {asterisk.rtp_first_port}-{asterisk.rtp_last_port} is too small for one call",
            remedy="set asterisk.rtp_first_port and asterisk.rtp_last_port in this order, two ports for each call",
        )
