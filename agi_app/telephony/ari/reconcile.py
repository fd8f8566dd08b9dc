"""After a gap in the events: what Asterisk has, compared with what we own. Pure; the connection carries it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from agi_app.telephony.ari.ids import call_of
from agi_app.telephony.ari.models import Bridge, Channel


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What is to be done."""

    present: dict[str, tuple[Channel, ...]]
    """For each owned call the channels that exist; empty for a call whose channels are gone."""
    orphan_channels: tuple[str, ...]
    """Ids of channels of our making that nobody owns."""
    orphan_bridges: tuple[str, ...]


INBOUND = "inbound"
"""First argument of Stasis for calls that come in (dialplan/inbound.conf)."""


def _lost(channel: Channel, ari_app: str) -> bool:
    """An answered call that came in: whoever answered it is gone if it is not owned. (One that rings ends by its own limit.)"""
    return channel.up and channel.held_by(ari_app) and channel.application_data.split(",")[1:2] == [INBOUND]


def compare(
    channels: Iterable[Channel],
    bridges: Iterable[Bridge],
    *,
    owned: AbstractSet[str],
    ari_app: str,
    owner: Callable[[str], str | None] = call_of,
) -> Reconciliation:
    """Sort Asterisk's channels and bridges into those of owned calls and orphans.

    A channel or bridge is of our making when its id has our form and our ARI application holds it; everything else, such as calls
    of a dialplan or of another application, is left alone. So are calls that came in, unless they were answered by nobody we know.

    Args:
        channels: all there are.
        bridges: all there are.
        owned: ids of our calls.
        ari_app: our ARI application.
        owner: the call a channel belongs to, by its id.
    """
    present: dict[str, list[Channel]] = {call_id: [] for call_id in owned}
    orphan_channels = []
    for channel in channels:
        call_id = owner(channel.id)
        if call_id in present:
            present[call_id].append(channel)
        elif _lost(channel, ari_app) or (call_id is not None and channel.held_by(ari_app)):
            orphan_channels.append(channel.id)
    orphan_bridges = [
        bridge.id
        for bridge in bridges
        if bridge.name == ari_app and (call_id := call_of(bridge.id)) is not None and call_id not in present
    ]
    return Reconciliation(
        {call_id: tuple(found) for call_id, found in present.items()}, tuple(orphan_channels), tuple(orphan_bridges)
    )
