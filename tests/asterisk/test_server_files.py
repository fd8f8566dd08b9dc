"""The Asterisk files admins edit, and the generated ones beside them, as a real Asterisk understands them."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from agi_app.errors import ConfigError
from agi_app.telephony.secrets import MEDIA_USER
from agi_app.telephony.server import MEDIA_CONNECTION, AsteriskServer

NUMBER = "13800000001"
SAFE_APPLICATIONS = {"AGI", "Goto", "GotoIf", "Gosub", "Hangup", "Playtones", "Progress", "Return", "Set", "Stasis", "Wait"}
"""What an inbound call may meet in the dialplan: nothing here can place a call."""


class SipPeer:
    """Just enough of a SIP phone to see what Asterisk sends and to answer it."""

    def __init__(self, port: int, asterisk_port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.port = port
        self.asterisk = ("127.0.0.1", asterisk_port)
        self.audio_packets = 0

    async def receive(self, start: str) -> str:
        """The next SIP message whose first line begins with the pattern `start`; others are skipped, RTP is counted."""
        async with asyncio.timeout(10):
            while True:
                data = await asyncio.get_running_loop().sock_recv(self.socket, 8192)
                if data[0] >> 6 == 2:  # the version in an RTP header; SIP is ASCII
                    self.audio_packets += 1
                elif re.match(start, text := data.decode()):
                    return text

    def answer(self, request: str, status: str) -> None:
        copied = [line for line in request.splitlines() if re.match(r"(Via|From|Call-ID|CSeq):", line)]
        to = next(line for line in request.splitlines() if line.startswith("To:")) + ";tag=phone"
        self.send([f"SIP/2.0 {status}", *copied, to])

    def invite(self, to: str) -> None:
        sdp = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", f"m=audio {self.port} RTP/AVP 8"]
        self._request("INVITE", to, "\r\n".join([*sdp, ""]))

    def acknowledge(self, to: str) -> None:
        self._request("ACK", to, "")

    def _request(self, method: str, to: str, body: str) -> None:
        here, there = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.asterisk[1]}"
        self.send(
            [
                f"{method} sip:{to}@{there} SIP/2.0",
                f"Via: SIP/2.0/UDP {here};branch=z9hG4bK-{to}",
                f"From: <sip:02100000000@{here}>;tag=caller",
                f"To: <sip:{to}@{there}>",
                f"Call-ID: test-{self.port}-{to}",
                f"CSeq: 1 {method}",
                f"Contact: <sip:02100000000@{here}>",
                "Max-Forwards: 70",
                *(["Content-Type: application/sdp"] if body else []),
            ],
            body,
        )

    def send(self, lines: list[str], body: str = "") -> None:
        self.socket.sendto("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode(), self.asterisk)


@pytest.fixture
def phone(asterisk: AsteriskServer, simulated_port: int) -> Iterator[SipPeer]:
    peer = SipPeer(simulated_port, asterisk.settings.asterisk.sip_port)
    yield peer
    peer.socket.close()


async def test_the_simulated_trunk_dials_the_number_as_user_part(
    ari_http: aiohttp.ClientSession, phone: SipPeer, simulated_port: int, no_leftovers: None
) -> None:
    where = {"endpoint": f"PJSIP/{NUMBER}@simulated", "context": "unavailable", "extension": "s", "priority": "1"}
    async with ari_http.post("channels", params=where) as response:
        assert response.status == 200
    invite = await phone.receive("INVITE")
    phone.answer(invite, "486 Busy Here")
    await phone.receive("ACK")
    assert invite.startswith(f"INVITE sip:{NUMBER}@127.0.0.1:{simulated_port} SIP/2.0")
    offered = re.search(r"m=audio \d+ RTP/AVP ([\d ]+)", invite)
    assert offered is not None
    assert offered[1].split()[:3] == ["0", "8", "9"]  # ulaw, alaw, g722
    assert "c=IN IP4 127.0.0.1" in invite


async def test_without_the_app_a_caller_hears_the_congestion_tone_unanswered(phone: SipPeer, no_leftovers: None) -> None:
    phone.invite("008613900000000")
    assert "m=audio" in await phone.receive("SIP/2.0 183")
    final = await phone.receive("SIP/2.0 [4-6]")
    phone.acknowledge("008613900000000")
    assert final.startswith("SIP/2.0 503")
    assert phone.audio_packets > 150  # about 4 s of tone, 20 ms each


async def test_an_inbound_call_reaches_the_app(
    asterisk: AsteriskServer, ari_http: aiohttp.ClientSession, phone: SipPeer, no_leftovers: None
) -> None:
    async with ari_http.ws_connect("events", params={"app": asterisk.settings.asterisk.ari_app}) as events:
        phone.invite("+862100000000")
        async with asyncio.timeout(10):
            while (event := json.loads((await events.receive()).data))["type"] != "StasisStart":
                pass
        assert event["args"] == ["inbound", "+862100000000", "", ""]  # nobody answered the lookup: the caller is unknown
        async with ari_http.delete(f"channels/{event['channel']['id']}", params={"reason": "busy"}) as response:
            assert response.status == 204
        await phone.receive("SIP/2.0 486")
        phone.acknowledge("+862100000000")


async def test_an_inbound_call_nobody_takes_does_not_hang_for_ever(own_files: AsteriskServer, simulated_port: int) -> None:
    plan = own_files.settings.paths.dialplan / "inbound.conf"
    text = plan.read_text()
    assert "TIMEOUT(absolute)=20" in text
    plan.write_text(text.replace("TIMEOUT(absolute)=20", "TIMEOUT(absolute)=1"))
    server = AsteriskServer(
        own_files.settings, own_files.installation, name=own_files.instance.name, simulated_trunk=("127.0.0.1", simulated_port)
    )
    login = base64.b64encode(f"{server.settings.asterisk.ari_user}:{server.secrets.ari_password}".encode()).decode()
    async with server, aiohttp.ClientSession(f"{server.ari_url}/", headers={"Authorization": f"Basic {login}"}) as session:
        peer = SipPeer(simulated_port, server.settings.asterisk.sip_port)
        try:
            async with session.ws_connect("events", params={"app": server.settings.asterisk.ari_app}):
                peer.invite("2000")
                final = await peer.receive("SIP/2.0 [4-6]")
                peer.acknowledge("2000")
            async with asyncio.timeout(5):  # the caller is told before the channel is gone
                while "0 active channels" not in await server.cli("core show channels"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        finally:
            peer.socket.close()
    assert not final.startswith("SIP/2.0 401")  # it was let in, waited, and was sent away


async def test_strangers_are_refused(asterisk: AsteriskServer, own_files: AsteriskServer) -> None:
    """With no trunk at all, nobody is recognised by address: not even this machine."""
    async with own_files:
        peer = SipPeer(0, own_files.settings.asterisk.sip_port)
        peer.port = peer.socket.getsockname()[1]
        try:
            peer.invite("1000")
            assert (await peer.receive("SIP/2.0 4")).startswith("SIP/2.0 401")
            peer.acknowledge("1000")
            assert "0 active channels" in await own_files.cli("core show channels")
        finally:
            peer.socket.close()


async def test_nothing_in_the_dialplan_leads_out(asterisk: AsteriskServer) -> None:
    shown = await asterisk.cli("dialplan show")
    assert "Context 'from-trunk'" in shown
    assert "Include =>" not in shown
    applications = set(re.findall(r"\d+\. (\w+)\(", shown))
    assert applications
    assert applications <= SAFE_APPLICATIONS


async def test_asterisk_presents_the_media_secret(
    asterisk: AsteriskServer, ari_http: aiohttp.ClientSession, no_leftovers: None
) -> None:
    seen: asyncio.Queue[web.Request] = asyncio.Queue()

    async def media(request: web.Request) -> web.WebSocketResponse:
        socket_ = web.WebSocketResponse(protocols=("media",))
        await socket_.prepare(request)
        seen.put_nowait(request)
        async for _ in socket_:
            pass
        return socket_

    app = web.Application()
    app.router.add_get("/media", media)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", asterisk.settings.media.port).start()
    try:
        async with ari_http.ws_connect("events", params={"app": "hireline"}):
            leg = {
                "channelId": "media-1",
                "app": "hireline",
                "external_host": MEDIA_CONNECTION,
                "transport": "websocket",
                "encapsulation": "none",
                "connection_type": "client",
                "format": "slin",
                "transport_data": "v(call=c1)",
            }
            async with ari_http.post("channels/externalMedia", params=leg) as response:
                assert response.status == 200
            request = await asyncio.wait_for(seen.get(), 5)
            async with ari_http.delete("channels/media-1"):
                pass
    finally:
        await runner.cleanup()
    expected = base64.b64encode(f"{MEDIA_USER}:{asterisk.secrets.media_token}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {expected}"
    assert request.headers["Sec-WebSocket-Protocol"] == "media"
    assert request.query["call"] == "c1"


async def test_a_simulation_knows_no_real_trunk(own_files: AsteriskServer) -> None:
    trunk = own_files.settings.paths.asterisk_conf / "pjsip.d" / "carrier.conf"
    trunk.write_text("[carrier](trunk)\naors = carrier\n[carrier]\ntype = aor\ncontact = sip:192.0.2.1\n")
    simulation = AsteriskServer(
        own_files.settings, own_files.installation, name=own_files.instance.name, simulated_trunk=("127.0.0.1", 9)
    )
    async with simulation:
        shown = await simulation.cli("pjsip show endpoints")
        assert "simulated" in shown
        assert "carrier" not in shown
    async with own_files:
        assert "carrier" in await own_files.cli("pjsip show endpoints")


async def test_a_missing_configuration_folder_is_named(own_files: AsteriskServer, tmp_path: Path) -> None:
    (tmp_path / "dialplan").rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="dialplan") as caught:
        await own_files.start()
    assert "paths.dialplan" in str(caught.value.remedy)
    assert not own_files.running


@pytest.mark.parametrize("right", [True, False])
async def test_ami_takes_our_secret_and_no_other(asterisk: AsteriskServer, right: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", asterisk.settings.asterisk.ami_port)
    try:
        user, secret = asterisk.settings.asterisk.ari_user, asterisk.secrets.ami_secret if right else "guess"
        writer.write(f"Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\n\r\n".encode())
        async with asyncio.timeout(10):
            answer = (await reader.readuntil(b"\r\n\r\n")).decode()
            if right:
                writer.write(b"Action: PJSIPShowEndpoints\r\n\r\n")
                await reader.readuntil(b"ObjectName: simulated")
                writer.write(b"Action: Originate\r\nChannel: PJSIP/1@simulated\r\nApplication: Wait\r\nActionID: 7\r\n\r\n")
                await reader.readuntil(b"ActionID: 7\r\nMessage: Permission denied")
    finally:
        writer.close()
        await writer.wait_closed()
    assert ("Authentication accepted" in answer) == right
