"""Whether the far end of each trunk answers, and whether we are registered there, in words an admin reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agi_app.errors import AmiError
from agi_app.telephony.ami.client import AmiClient, Message


class TrunkStatus(StrEnum):
    """What Asterisk knows of a trunk's far end."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    UNCHECKED = "unchecked"
    UNWATCHED = "unwatched"
    NO_ADDRESS = "no address"


TRUNK_WORDS = {
    TrunkStatus.REACHABLE: "reachable 可达",
    TrunkStatus.UNREACHABLE: "does not answer 对端无应答",
    TrunkStatus.UNCHECKED: "not checked yet 尚未探测",
    TrunkStatus.UNWATCHED: "not watched 不探测",
    TrunkStatus.NO_ADDRESS: "has no address 没有地址",
}
TRUNK_REMEDIES = {
    TrunkStatus.UNREACHABLE: "the far end does not answer OPTIONS: check the address, the firewall and the registration "
    "对端不回应 OPTIONS：检查地址、防火墙和注册",
    TrunkStatus.UNCHECKED: "Asterisk sends the first OPTIONS within qualify_frequency seconds "
    "Asterisk 会在 qualify_frequency 秒内第一次探测",
    TrunkStatus.UNWATCHED: "to have it watched set qualify_frequency of its aor 在它的 aor 中设置 qualify_frequency 即可探测",
    TrunkStatus.NO_ADDRESS: "its aor has no contact, or the name of the contact cannot be resolved "
    "它的 aor 没有 contact，或 contact 的域名无法解析",
}
REGISTRATION_WORDS = {
    "Registered": "registered 已注册",
    "Unregistered": "not registered yet 尚未注册",
    "Rejected": "rejected 被拒绝",
    "Stopped": "stopped 已停止",
}
REGISTRATION_REMEDY = (
    "check user name, password and address in asterisk_conf/pjsip.d/ 检查 asterisk_conf/pjsip.d/ 中的用户名、密码和地址"
)


@dataclass(frozen=True, slots=True)
class Trunk:
    """One PJSIP endpoint."""

    name: str
    status: TrunkStatus
    round_trip_ms: float | None
    """Of the last answered OPTIONS."""
    channels: int
    """Calls on it now."""

    @property
    def up(self) -> bool:
        """False when calls are known to fail."""
        return self.status not in {TrunkStatus.UNREACHABLE, TrunkStatus.NO_ADDRESS}

    @property
    def words(self) -> str:
        """Its state, in English and Chinese."""
        extra = f", {self.round_trip_ms:.0f} ms" if self.round_trip_ms is not None and self.status is TrunkStatus.REACHABLE else ""
        return TRUNK_WORDS[self.status] + extra


@dataclass(frozen=True, slots=True)
class Registration:
    """One registration of ours with a carrier."""

    name: str
    status: str
    """Asterisk's word: Registered, Unregistered, Rejected, Stopped."""

    @property
    def registered(self) -> bool:
        """Whether calls can come in by it."""
        return self.status == "Registered"

    @property
    def words(self) -> str:
        """Its state, in English and Chinese."""
        return REGISTRATION_WORDS.get(self.status, self.status.lower())


@dataclass(frozen=True, slots=True)
class TrunkPicture:
    """All trunks and registrations at one moment."""

    trunks: tuple[Trunk, ...]
    registrations: tuple[Registration, ...]


async def trunk_picture(client: AmiClient) -> TrunkPicture:
    """Ask Asterisk for the state of everything we dial through. Raises AmiError."""
    listed = [item["objectname"] for item in await _listed(client, "PJSIPShowEndpoints") if item.get("event") == "EndpointList"]
    trunks = [read_trunk(name, await client.ask("PJSIPShowEndpoint", Endpoint=name)) for name in sorted(listed)]
    registrations = await _listed(client, "PJSIPShowRegistrationsOutbound")
    return TrunkPicture(tuple(trunks), tuple(read_registrations(registrations)))


def read_trunk(name: str, messages: Iterable[Message]) -> Trunk:
    """A trunk out of the events that PJSIPShowEndpoint answers with."""
    events: dict[str, list[Message]] = {}
    for message in messages:
        events.setdefault(message.get("event", ""), []).append(message)
    contacts = events.get("ContactStatusDetail", [])
    statuses = {contact.get("status", "") for contact in contacts}
    watched = any(item.get("qualifyfrequency", "0") not in {"", "0"} for item in events.get("AorDetail", []))
    if not contacts:
        status = TrunkStatus.NO_ADDRESS
    elif "Reachable" in statuses:
        status = TrunkStatus.REACHABLE
    elif "Unreachable" in statuses:
        status = TrunkStatus.UNREACHABLE
    else:
        status = TrunkStatus.UNCHECKED if watched else TrunkStatus.UNWATCHED
    times = [int(contact["roundtripusec"]) for contact in contacts if contact.get("roundtripusec", "").isdigit()]
    channels = [name for item in events.get("EndpointDetail", []) for name in item.get("activechannels", "").split(",")]
    return Trunk(name, status, min(times) / 1000 if times else None, len([name for name in channels if "/" in name]))


def read_registrations(messages: Iterable[Message]) -> list[Registration]:
    """Registrations out of OutboundRegistrationDetail events."""
    return [
        Registration(message["objectname"], message.get("status", "unknown"))
        for message in messages
        if message.get("event") == "OutboundRegistrationDetail"
    ]


async def _listed(client: AmiClient, action: str) -> list[Message]:
    """The events of a list; Asterisk calls an empty one an error."""
    try:
        return await client.ask(action)
    except AmiError as error:
        if error.retryable or "No " not in error.what:
            raise
        return []
