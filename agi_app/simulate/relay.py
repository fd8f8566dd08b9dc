"""The network in front of the simulated phones: forwards their SIP, and on request loses and delays their RTP packets.

Asterisk sees only this element. It passes SIP on unchanged except for the media description: offers are narrowed to the codec of
the persona's line, and where the line loses or delays packets it puts its own RTP ports, so that media really runs through it,
both ways, RTP and RTCP. Calls on a clean line keep their direct media path. It runs in a process of its own (network.py).

Limits: UDP; one audio stream; a later offer inside the call goes past the relay, straight to the phone's contact.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from agi_app.simulate.persona import Line
from agi_app.simulate.sip import SipMessage, media_address, narrow_codec, rewrite_media

LOOPBACK = "127.0.0.1"
REMEMBERED = 4096
"""SIP calls whose way back is remembered."""

Address = tuple[str, int]
Receive = Callable[[bytes, Address], None]


@dataclass(frozen=True, slots=True)
class RelayCounts:
    """RTP packets of one call, both ways."""

    relayed: int = 0
    lost: int = 0


class _Socket(asyncio.DatagramProtocol):
    """A UDP port on loopback."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    @classmethod
    async def bind(cls, receive: Receive, port: int = 0) -> _Socket:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_datagram_endpoint(lambda: cls(receive), local_addr=(LOOPBACK, port))
        protocol._transport = transport  # noqa: SLF001 - its own class
        protocol.port = int(transport.get_extra_info("sockname")[1])
        return protocol

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._receive(data, addr)

    def send(self, data: bytes, address: Address | None) -> None:
        if self._transport is not None and address is not None and not self._transport.is_closing():
            self._transport.sendto(data, address)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Way:
    """One direction: what comes in at `inlet` leaves `outlet` for `target`, unless it is lost, and perhaps later."""

    def __init__(self, line: Line, seed: int) -> None:
        self._line, self._rng = line, random.Random(seed)  # noqa: S311 - a simulation must be repeatable
        self._left_at = 0.0
        self.outlet: _Socket | None = None
        self.target: Address | None = None
        self.relayed = self.lost = 0

    def inlet(self, data: bytes, _: Address) -> None:
        self.relayed += 1
        if self._rng.random() * 100 < self._line.loss_pct:
            self.lost += 1
            return
        if self.outlet is None:
            return
        loop = asyncio.get_running_loop()
        delay = self._rng.random() * self._line.jitter_ms / 1000
        # Timers of one moment fire in any order: a hair apart they keep it.
        self._left_at = max(self._left_at + 1e-6, loop.time() + delay)
        if self._line.jitter_ms:
            loop.call_at(self._left_at, self.outlet.send, data, self.target)
        else:
            self.outlet.send(data, self.target)


@dataclass(slots=True)
class _Leg:
    """The media of one impaired call: RTP and RTCP, to the phone and to the caller."""

    line: Line
    to_phone: tuple[_Way, _Way]
    to_caller: tuple[_Way, _Way]
    sockets: list[_Socket] = field(default_factory=list)

    @classmethod
    async def open(cls, line: Line, seed: int) -> _Leg:
        """Bind a pair of ports towards the caller and one towards the phone."""
        ways = [_Way(line, seed * 4 + number) for number in range(4)]
        leg = cls(line, (ways[0], ways[1]), (ways[2], ways[3]))
        caller = await _bind_pair(ways[0].inlet, ways[1].inlet)
        phone = await _bind_pair(ways[2].inlet, ways[3].inlet)
        for way, outlet in zip(ways, (*phone, *caller), strict=True):
            way.outlet = outlet
        leg.sockets = [*caller, *phone]
        return leg

    @property
    def caller_port(self) -> int:
        """Where the caller is told to send to."""
        return self.sockets[0].port

    @property
    def phone_port(self) -> int:
        """Where the phone is told to send to."""
        return self.sockets[2].port

    @property
    def counts(self) -> RelayCounts:
        rtp = (self.to_phone[0], self.to_caller[0])
        return RelayCounts(sum(way.relayed for way in rtp), sum(way.lost for way in rtp))

    def close(self) -> None:
        for each in self.sockets:
            each.close()


def _aim(ways: tuple[_Way, _Way], address: Address | None) -> None:
    if address is not None:
        ways[0].target, ways[1].target = address, (address[0], address[1] + 1)


async def _bind_pair(rtp: Receive, rtcp: Receive) -> tuple[_Socket, _Socket]:
    """Two sockets on neighbouring ports, the first even (RFC 3550, 11)."""
    for _ in range(50):
        first = await _Socket.bind(rtp)
        if first.port % 2 == 0:
            try:
                return first, await _Socket.bind(rtcp, first.port + 1)
            except OSError:
                pass  # the neighbour is taken: try another pair
        first.close()
    raise OSError("no two neighbouring UDP ports are free on loopback")


@dataclass(slots=True)
class _Route:
    phone: Address
    line: Line
    seed: int
    sip_call_id: str | None = None
    leg: _Leg | None = None


class Relay:
    """The network element.

    Args:
        port: UDP port on loopback that Asterisk's trunk points at; 0 picks a free one (see `port` after `open`).
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._routes: dict[str, _Route] = {}
        self._calls: dict[str, _Route] = {}
        self._callers: OrderedDict[str, Address] = OrderedDict()
        self._outside: _Socket | None = None
        self._inside: _Socket | None = None

    async def open(self) -> None:
        """Bind.

        Raises:
            OSError: the port is taken.
        """
        self._outside = await _Socket.bind(self._from_caller, self.port)
        self._inside = await _Socket.bind(self._from_phone)
        self.port = self._outside.port

    def close(self) -> None:
        """Close every port."""
        for number in list(self._routes):
            self.unroute(number)
        for each in (self._outside, self._inside):
            if each:
                each.close()

    async def route(self, number: str, phone_port: int, line: Line, seed: int) -> None:
        """Calls to this number go to that phone over that line. RTP ports are bound now, if the line needs them.

        Raises:
            OSError: no ports are free.
        """
        leg = await _Leg.open(line, seed) if line.loss_pct or line.jitter_ms else None
        self._routes[number] = _Route((LOOPBACK, phone_port), line, seed, leg=leg)

    def unroute(self, number: str) -> RelayCounts:
        """The call is over: close its ports, forget the number, tell what was lost."""
        route = self._routes.pop(number, None)
        if route is None:
            return RelayCounts()
        if route.sip_call_id:
            self._calls.pop(route.sip_call_id, None)
        if route.leg is None:
            return RelayCounts()
        route.leg.close()
        return route.leg.counts

    def _from_caller(self, data: bytes, addr: Address) -> None:
        message = SipMessage.parse(data)
        call_id = message.header("Call-ID") if message else None
        if message is None or call_id is None or self._inside is None or self._outside is None:
            return
        self._callers[call_id] = addr
        self._callers.move_to_end(call_id)
        while len(self._callers) > REMEMBERED:
            self._callers.popitem(last=False)
        if message.is_request and message.method == "INVITE" and call_id not in self._calls and message.number in self._routes:
            self._calls[call_id] = self._routes[message.number]
            self._calls[call_id].sip_call_id = call_id
        route = self._calls.get(call_id)
        if route is not None:
            self._inside.send(self._for_phone(message, data, route), route.phone)
        elif message.is_request and message.method == "OPTIONS":
            self._outside.send(message.reply(200, "OK").encode(), addr)
        elif message.is_request and message.method != "ACK":
            self._outside.send(message.reply(404, "Not Found").encode(), addr)

    def _for_phone(self, message: SipMessage, data: bytes, route: _Route) -> bytes:
        if not message.has_sdp:
            return data
        body = narrow_codec(message.body, route.line.codec)
        if route.leg is not None:
            _aim(route.leg.to_caller, media_address(body))
            body = rewrite_media(body, LOOPBACK, route.leg.phone_port)
        return message.with_body(body).encode()

    def _from_phone(self, data: bytes, _: Address) -> None:
        message = SipMessage.parse(data)
        call_id = message.header("Call-ID") if message else None
        if message is None or call_id is None or self._outside is None:
            return
        route = self._calls.get(call_id)
        if route is not None and route.leg is not None and message.has_sdp:
            _aim(route.leg.to_phone, media_address(message.body))
            data = message.with_body(rewrite_media(message.body, LOOPBACK, route.leg.caller_port)).encode()
        self._outside.send(data, self._callers.get(call_id))
