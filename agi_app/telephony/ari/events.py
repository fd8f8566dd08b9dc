"""ARI's events as values. `parse_event` takes what came over the socket and never raises: an event of a type we do not use is an
`UnknownEvent`, a message that is no event at all an `UnreadableEvent`.

`ConnectionLost` and `Resynchronised` are our own: they tell a call that events may have been missed, and what there is afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agi_app.telephony.ari.models import Bridge, Channel


@dataclass(frozen=True, slots=True)
class StasisStart:
    """The channel is in our hands now."""

    channel: Channel
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StasisEnd:
    """The channel left our hands."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelStateChange:
    """The channel's state is another one."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelDtmfReceived:
    """A key was pressed at the far end."""

    channel: Channel
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ChannelHangupRequest:
    """Somebody asked for the channel to end; `soft` when it was a program."""

    channel: Channel
    cause: int | None = None
    tech_cause: int | None = None
    soft: bool = False


@dataclass(frozen=True, slots=True)
class ChannelDestroyed:
    """The channel is gone."""

    channel: Channel
    cause: int
    """ITU-T Q.850."""
    cause_text: str = ""
    tech_cause: int | None = None
    """The technology's own code: the SIP status for PJSIP, the close code for WebSocket."""


@dataclass(frozen=True, slots=True)
class Dial:
    """A step in reaching `peer`: "" (begun), PROGRESS, PROCEEDING, RINGING, ANSWER, or a failure such as BUSY, CHANUNAVAIL."""

    peer: Channel
    status: str


@dataclass(frozen=True, slots=True)
class ChannelEnteredBridge:
    """The channel hears and is heard in the bridge."""

    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelLeftBridge:
    """The channel is no longer in the bridge."""

    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True)
class BridgeDestroyed:
    """The bridge is gone."""

    bridge: Bridge


@dataclass(frozen=True, slots=True)
class ApplicationReplaced:
    """Another program opened the event stream of our ARI application; this one gets no more events."""

    application: str


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event of a type we do not use, or of a shape we do not know."""

    type: str
    entity_ids: tuple[str, ...] = ()
    """Channels and bridges it names."""


@dataclass(frozen=True, slots=True)
class UnreadableEvent:
    """A message that is no JSON object with a type."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The event stream broke off: from here on events may be missing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resynchronised:
    """The event stream is back. `channels` are those of this call that Asterisk listed afterwards."""

    channels: tuple[Channel, ...]


AriEvent = (
    StasisStart
    | StasisEnd
    | ChannelStateChange
    | ChannelDtmfReceived
    | ChannelHangupRequest
    | ChannelDestroyed
    | Dial
    | ChannelEnteredBridge
    | ChannelLeftBridge
    | BridgeDestroyed
    | ApplicationReplaced
    | UnknownEvent
    | UnreadableEvent
    | ConnectionLost
    | Resynchronised
)


def parse_event(message: str | bytes) -> AriEvent:
    """Read one message of the event stream. Never raises."""
    try:
        value = json.loads(message)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        return UnreadableEvent(f"no JSON: {type(error).__name__}")
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return UnreadableEvent("no event: a JSON object with a type was expected")
    kind: str = value["type"]
    reader = _READERS.get(kind)
    if reader is None:
        return UnknownEvent(kind, _entity_ids(value))
    try:
        return reader(value)
    except (KeyError, TypeError, ValueError, AttributeError):
        return UnknownEvent(kind, _entity_ids(value))


def entity_id(event: AriEvent) -> str | None:
    """The channel or bridge an event is about; None when it is about none."""
    match event:
        case ChannelEnteredBridge() | ChannelLeftBridge():
            return event.channel.id
        case Dial():
            return event.peer.id
        case BridgeDestroyed():
            return event.bridge.id
        case UnknownEvent():
            return event.entity_ids[0] if event.entity_ids else None
        case ApplicationReplaced() | UnreadableEvent() | ConnectionLost() | Resynchronised():
            return None
        case _:
            return event.channel.id


def _entity_ids(value: Mapping[str, Any]) -> tuple[str, ...]:
    found = (value.get(key) for key in ("channel", "peer", "bridge"))
    return tuple(item["id"] for item in found if isinstance(item, dict) and isinstance(item.get("id"), str))


def _number(value: object) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise TypeError("a whole number was expected")
    return value


def _needed_number(value: object) -> int:
    number = _number(value)
    if number is None:
        raise TypeError("a number is missing")
    return number


_READERS: dict[str, Callable[[Mapping[str, Any]], AriEvent]] = {
    "StasisStart": lambda v: StasisStart(Channel.from_json(v["channel"]), tuple(str(item) for item in v["args"])),
    "StasisEnd": lambda v: StasisEnd(Channel.from_json(v["channel"])),
    "ChannelStateChange": lambda v: ChannelStateChange(Channel.from_json(v["channel"])),
    "ChannelDtmfReceived": lambda v: ChannelDtmfReceived(
        Channel.from_json(v["channel"]), str(v["digit"]), _needed_number(v["duration_ms"])
    ),
    "ChannelHangupRequest": lambda v: ChannelHangupRequest(
        Channel.from_json(v["channel"]), _number(v.get("cause")), _number(v.get("tech_cause")), bool(v.get("soft", False))
    ),
    "ChannelDestroyed": lambda v: ChannelDestroyed(
        Channel.from_json(v["channel"]), _needed_number(v["cause"]), str(v.get("cause_txt", "")), _number(v.get("tech_cause"))
    ),
    "Dial": lambda v: Dial(Channel.from_json(v["peer"]), str(v["dialstatus"])),
    "ChannelEnteredBridge": lambda v: ChannelEnteredBridge(Bridge.from_json(v["bridge"]), Channel.from_json(v["channel"])),
    "ChannelLeftBridge": lambda v: ChannelLeftBridge(Bridge.from_json(v["bridge"]), Channel.from_json(v["channel"])),
    "BridgeDestroyed": lambda v: BridgeDestroyed(Bridge.from_json(v["bridge"])),
    "ApplicationReplaced": lambda v: ApplicationReplaced(str(v.get("application", ""))),
}
"""Field names as in the server's own /ari/api-docs/events.json; a test compares them."""
