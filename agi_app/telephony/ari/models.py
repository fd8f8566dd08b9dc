"""What ARI tells about channels, bridges, endpoints and the server: the fields we use, and no others.

A test compares the field names with the server's own description (`/ari/api-docs/*.json`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Channel:
    """One leg of a call inside Asterisk. Numbers and names of people are left out on purpose."""

    id: str
    name: str
    """Technology/endpoint-serial, e.g. PJSIP/carrier-0000001a."""
    state: str
    """Down, Ring, Ringing, Up, Busy …"""
    application: str = ""
    """The dialplan application it runs; Stasis for one that an ARI program holds."""
    application_data: str = ""
    """That application's arguments; for Stasis the ARI application's name, then its arguments, with commas between."""

    @property
    def up(self) -> bool:
        """Whether it was answered."""
        return self.state == "Up"

    def held_by(self, ari_app: str) -> bool:
        """Whether the ARI application of that name holds it."""
        return self.application == "Stasis" and self.application_data.split(",", 1)[0] == ari_app

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Channel:
        """Read ARI's Channel object. Raises KeyError, TypeError or AttributeError for anything else."""
        dialplan = value.get("dialplan") or {}
        return cls(
            id=_text(value["id"]),
            name=_text(value["name"]),
            state=_text(value["state"]),
            application=_text(dialplan.get("app_name", "")),
            application_data=_text(dialplan.get("app_data", "")),
        )


@dataclass(frozen=True, slots=True)
class Bridge:
    """What joins channels."""

    id: str
    name: str
    """The ARI application that made it, for ours."""
    channels: tuple[str, ...]
    """Ids of the channels in it."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Bridge:
        """Read ARI's Bridge object. Raises KeyError or TypeError for anything else."""
        return cls(
            id=_text(value["id"]), name=_text(value.get("name", "")), channels=tuple(_text(item) for item in value["channels"])
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A peer Asterisk knows: a trunk, a phone."""

    technology: str
    resource: str
    state: str
    """online, offline or unknown."""
    channel_ids: tuple[str, ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Endpoint:
        """Read ARI's Endpoint object. Raises KeyError or TypeError for anything else."""
        return cls(
            technology=_text(value["technology"]),
            resource=_text(value["resource"]),
            state=_text(value.get("state") or "unknown"),
            channel_ids=tuple(_text(item) for item in value["channel_ids"]),
        )


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """The Asterisk at the other end."""

    version: str
    entity_id: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ServerInfo:
        """Read ARI's AsteriskInfo object. Raises KeyError or TypeError for anything else."""
        system = value["system"]
        return cls(version=_text(system["version"]), entity_id=_text(system["entity_id"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {type(value).__name__}")
    return value
