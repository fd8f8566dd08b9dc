"""Handing an answered call to a person: extensions ring, the first to answer is told who is on the line, then the two talk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Self

import structlog

from agi_app.errors import AriError
from agi_app.telephony.ari import events as ari
from agi_app.telephony.ari.client import AriClient
from agi_app.telephony.ari.ids import agent_id, bridge_id
from agi_app.telephony.placed_call import PlacedCall

_log = structlog.get_logger(__name__)
_SPARE_S = 3
"""Asterisk's own limit, for the case that we die, lies so far behind ours."""


class Handover:
    """One call being handed over. Use as an async context manager: leaving it ends the extensions' channels.

    Args:
        call: answered, its audio in our bridge.
    """

    def __init__(self, call: PlacedCall) -> None:
        self._call = call
        self._client: AriClient = call.connection.client
        self._ringing: set[str] = set()
        self._up: set[str] = set()

    async def __aenter__(self) -> Self:
        self._call.watchers.append(self._notice)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._call.watchers.remove(self._notice)
        await self._end(self._ringing)

    async def ring(self, endpoints: Sequence[str], seconds: float, *, shown: dict[str, str]) -> str | None:
        """Ring all at once; the channel of the first to answer, None when nobody does or the call ends.

        Args:
            endpoints: Asterisk dial strings.
            seconds: how long.
            shown: channel variables, e.g. what the extension's display shows.
        """
        for number, endpoint in enumerate(endpoints, start=len(self._ringing) + 1):
            await self._dial(agent_id(self._call.id, number), endpoint, seconds, shown)
        await self._call.until(self._settled, seconds)
        answered = None if self._call.ending.done() else min(self._up & self._ringing, default=None)
        await self._end(self._ringing - {answered})
        return answered

    def _settled(self) -> bool:
        return bool(self._up & self._ringing) or not self._ringing or self._call.ending.done()

    async def confide(self, channel: str) -> None:
        """From now on our voice is heard by the extension alone."""
        bridge = bridge_id(self._call.id)
        await self._client.remove_from_bridge(bridge, [self._call.signalling.leg])
        await self._client.add_to_bridge(bridge, [channel])

    async def join(self, channel: str) -> None:
        """From now on the two talk with each other, without us; returns when one of them has hung up."""
        bridge = bridge_id(self._call.id)
        await self._client.remove_from_bridge(bridge, [self._call.signalling.media])
        await self._client.add_to_bridge(bridge, [self._call.signalling.leg])
        _log.info("handed_over", call_id=self._call.id)
        await self._call.until(lambda: self._call.ending.done() or channel in self._call.destroyed, None)

    async def back(self) -> None:
        """The candidate hears us again."""
        await self._client.add_to_bridge(bridge_id(self._call.id), [self._call.signalling.leg])

    def present(self, channel: str) -> bool:
        """Whether the extension is still there."""
        return channel not in self._call.destroyed

    async def _dial(self, channel: str, endpoint: str, seconds: float, shown: dict[str, str]) -> None:
        try:
            await self._client.create_channel(
                endpoint=endpoint, app=self._call.connection.app, channel_id=channel, args=(self._call.id, "agent"), variables=shown
            )
            self._ringing.add(channel)
            if not await self._call.until(lambda: channel in self._call.appeared, _SPARE_S):
                return
            await self._client.dial(channel, timeout_s=math.ceil(seconds) + _SPARE_S)
        except AriError as error:
            _log.warning("extension_not_dialled", call_id=self._call.id, status=error.status)

    def _notice(self, event: ari.AriEvent) -> None:
        match event:
            case ari.ChannelDestroyed(channel):
                self._ringing.discard(channel.id)
            case ari.ChannelStateChange(channel) if channel.up:
                self._up.add(channel.id)
            case _:
                pass

    async def _end(self, channels: AbstractSet[str | None]) -> None:
        for channel in sorted(channel for channel in channels if channel):
            try:
                await self._client.hang_up(channel)
            except AriError as error:
                _log.warning("extension_not_ended", call_id=self._call.id, status=error.status)
