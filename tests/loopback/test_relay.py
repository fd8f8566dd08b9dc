"""The network in front of the phones, with real sockets: SIP goes through, RTP is lost and delayed as asked, and counted."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from agi_app.simulate.persona import Codec, Line
from agi_app.simulate.relay import LOOPBACK, Relay
from agi_app.simulate.sip import SipMessage, media_address

Address = tuple[str, int]
PACKETS = 400


class Peer(asyncio.DatagramProtocol):
    """A UDP socket that keeps what it gets, with the time."""

    def __init__(self) -> None:
        self.got: list[tuple[float, bytes, Address]] = []
        self.news = asyncio.Event()
        self.transport: asyncio.DatagramTransport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.got.append((asyncio.get_running_loop().time(), data, addr))
        self.news.set()

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def send(self, data: bytes, port: int) -> None:
        self.transport.sendto(data, (LOOPBACK, port))

    async def message(self, number: int = 0) -> SipMessage:
        async with asyncio.timeout(3):
            while len(self.got) <= number:
                self.news.clear()
                await self.news.wait()
        message = SipMessage.parse(self.got[number][1])
        assert message is not None
        return message


async def peer(port: int = 0) -> Peer:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Peer, local_addr=(LOOPBACK, port))
    protocol.transport = transport
    return protocol


@dataclass
class Wire:
    """A relay with a caller, a phone, and the RTP sockets of both."""

    relay: Relay
    caller: Peer
    phone: Peer
    caller_rtp: Peer
    phone_rtp: Peer
    peers: list[Peer] = field(default_factory=list)

    async def set_up(self, line: Line, seed: int = 3) -> tuple[int, int]:
        """A call to number 7; returns where the caller and the phone are told to send their RTP."""
        await self.relay.route("7", self.phone.port, line, seed)
        self.caller.send(sip("INVITE sip:7@127.0.0.1 SIP/2.0", self.caller_rtp.port), self.relay.port)
        offer = await self.phone.message()
        inside = self.phone.got[0][2][1]
        self.phone.send(sip("SIP/2.0 200 OK", self.phone_rtp.port), inside)
        answer = await self.caller.message()
        for_phone, for_caller = media_address(offer.body), media_address(answer.body)
        assert for_phone is not None
        assert for_caller is not None
        return for_caller[1], for_phone[1]


def sip(start: str, port: int, *, call_id: str = "x@y") -> bytes:
    body = (
        f"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio {port} RTP/AVP 0 8 101\r\n"
        f"a=rtpmap:101 telephone-event/8000\r\na=rtcp:{port + 1} IN IP4 127.0.0.1\r\n"
    )
    head = f"{start}\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:7@b>\r\n"
    head += f"Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\n"
    return (head + f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Wire]:
    relay = Relay(0)
    await relay.open()
    peers = [await peer() for _ in range(4)]
    yield Wire(relay, *peers, peers=peers)
    relay.close()
    for each in peers:
        each.transport.close()
    await asyncio.sleep(0)


async def test_a_clean_line_keeps_its_direct_media_and_gets_its_codec(wire: Wire) -> None:
    await wire.relay.route("7", wire.phone.port, Line(codec=Codec.ALAW), 1)
    wire.caller.send(sip("INVITE sip:7@127.0.0.1 SIP/2.0", 4000), wire.relay.port)
    offer = await wire.phone.message()
    assert media_address(offer.body) == (LOOPBACK, 4000)
    assert "RTP/AVP 8 101\r\n" in offer.body
    wire.phone.send(sip("SIP/2.0 180 Ringing", 5000), wire.phone.got[0][2][1])
    assert media_address((await wire.caller.message()).body) == (LOOPBACK, 5000)
    assert wire.caller.got[0][2][1] == wire.relay.port  # answers come from where the call was sent to
    counts = wire.relay.unroute("7")
    assert (counts.relayed, counts.lost) == (0, 0)


async def test_the_asked_share_is_lost_each_way_and_counted(wire: Wire) -> None:
    for_caller, for_phone = await wire.set_up(Line(loss_pct=15))
    for number in range(PACKETS):
        wire.caller_rtp.send(struct.pack("!I", number), for_caller)
        wire.phone_rtp.send(struct.pack("!I", number), for_phone)
        if number % 20 == 19:
            await asyncio.sleep(0.002)  # the kernel's buffers are not what is tested
    await asyncio.sleep(0.1)
    counts = wire.relay.unroute("7")
    lost = [PACKETS - len(side.got) for side in (wire.caller_rtp, wire.phone_rtp)]
    assert counts.relayed == 2 * PACKETS
    assert counts.lost == sum(lost)
    for each in lost:
        assert each / PACKETS == pytest.approx(0.15, abs=0.06)
    assert wire.caller_rtp.got[0][2][1] == for_caller  # symmetric: it comes from where it is sent to


async def test_the_same_seed_loses_the_same_packets() -> None:
    arrived = []
    for seed in (5, 5, 6):
        relay, peers = Relay(0), [await peer() for _ in range(4)]
        await relay.open()
        wire = Wire(relay, *peers)
        for_caller, _ = await wire.set_up(Line(loss_pct=30), seed)
        for number in range(60):
            wire.caller_rtp.send(struct.pack("!I", number), for_caller)
        await asyncio.sleep(0.05)
        arrived.append([data for _, data, _ in wire.phone_rtp.got])
        relay.close()
        for each in peers:
            each.transport.close()
        await asyncio.sleep(0)  # closing takes a turn of the loop
    assert arrived[0] == arrived[1]
    assert arrived[0] != arrived[2]


async def test_packets_are_late_by_up_to_the_jitter_and_keep_their_order(wire: Wire) -> None:
    for_caller, _ = await wire.set_up(Line(jitter_ms=40))
    loop = asyncio.get_running_loop()
    sent: list[float] = []
    for number in range(100):
        sent.append(loop.time())
        wire.caller_rtp.send(struct.pack("!I", number), for_caller)
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    numbers = [struct.unpack("!I", data)[0] for _, data, _ in wire.phone_rtp.got]
    assert numbers == list(range(100))
    late_ms = [1000 * (at - sent[number]) for number, (at, _, _) in enumerate(wire.phone_rtp.got)]
    assert min(late_ms) < 30
    assert max(late_ms) > 15
    assert sum(late_ms) / 100 > 15  # with order kept, the mean lies above half the jitter
    assert sorted(late_ms)[90] < 40 + 25  # a busy machine may add a little


async def test_control_packets_take_the_neighbouring_ports(wire: Wire) -> None:
    for_caller, _ = await wire.set_up(Line(jitter_ms=1))
    control = await peer(wire.phone_rtp.port + 1)
    wire.caller_rtp.send(b"report", for_caller + 1)
    async with asyncio.timeout(2):
        await control.news.wait()
    assert control.got[0][1] == b"report"
    control.transport.close()


async def test_an_invite_that_is_sent_again_gets_the_same_ports(wire: Wire) -> None:
    first = await wire.set_up(Line(loss_pct=1))
    wire.caller.send(sip("INVITE sip:7@127.0.0.1 SIP/2.0", wire.caller_rtp.port), wire.relay.port)
    again = media_address((await wire.phone.message(1)).body)
    assert again == (LOOPBACK, first[1])


async def test_nobody_has_an_unknown_number_and_the_network_is_alive(wire: Wire) -> None:
    wire.caller.send(sip("INVITE sip:8@127.0.0.1 SIP/2.0", 4000, call_id="a"), wire.relay.port)
    assert (await wire.caller.message()).start == "SIP/2.0 404 Not Found"
    wire.caller.send(sip("OPTIONS sip:7@127.0.0.1 SIP/2.0", 4000, call_id="b"), wire.relay.port)
    assert (await wire.caller.message(1)).start == "SIP/2.0 200 OK"
    wire.caller.send(b"\r\n\r\n", wire.relay.port)  # a keep-alive is nobody's business
    assert wire.phone.got == []
