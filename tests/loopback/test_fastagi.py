"""The FastAGI server over real sockets: requests answered, and peers that break off, flood or stay silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from agi_app.errors import TelephonyError
from agi_app.telephony.fastagi import server as module
from agi_app.telephony.fastagi.protocol import AgiError, AgiRequest, RequestReader, parse_reply, set_variable
from agi_app.telephony.fastagi.server import FastAgiServer
from hr_sync.errors import HirelineError


async def lookup(request: AgiRequest) -> Mapping[str, str]:
    if request.caller_number == "+8613800000000":
        raise HirelineError("the database is away")
    return {"HIRELINE_CALLER": "known", "HIRELINE_CANDIDATE": f"of {request.caller_number or 'nobody'}"}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAgiServer]:
    monkeypatch.setattr(module, "_REQUEST_S", 0.3)
    async with FastAgiServer("127.0.0.1", 0, {"lookup": lookup}) as running:
        yield running


def asked(route: str = "lookup?a=1", number: str = "13800000001") -> bytes:
    lines = [
        "agi_network: yes",
        f"agi_network_script: {route}",
        "agi_request: agi://127.0.0.1/x",
        f"agi_callerid: {number}",
        "",
        "",
    ]
    return "\n".join(lines).encode()


async def ask(server: FastAgiServer, request: bytes, replies: bytes = b"200 result=1\n" * 2, *, eof: bool = False) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request + replies)
    if eof:
        writer.write_eof()
    try:
        return (await asyncio.wait_for(reader.read(), 3)).decode()
    finally:
        writer.close()


async def test_the_callers_variables_are_set(server: FastAgiServer) -> None:
    said = await ask(server, asked())
    assert said == 'SET VARIABLE HIRELINE_CALLER "known"\nSET VARIABLE HIRELINE_CANDIDATE "of 13800000001"\n'
    assert "nobody" in await ask(server, asked(number="anonymous"))
    assert (server.answered, server.refused) == (2, 0)


@pytest.mark.parametrize(
    ("request_", "replies", "eof"),
    [
        (b"", b"", True),  # connects and goes away
        (asked()[:40], b"", True),
        (b"GET / HTTP/1.1\r\n\r\n", b"", False),
        (asked("nothing_here"), b"", False),
        (asked(number="+8613800000000"), b"", False),  # the handler fails
        (b"agi_x: " + b"y" * 5000 + b"\n", b"", False),
        (b"agi_x: y\n" * 100, b"", False),
        (asked(), b"HANGUP\n", False),
        (asked(), b"510 Invalid or unknown command\n", False),
        (asked()[:40], b"", False),  # and then says nothing more
    ],
)
async def test_a_peer_that_breaks_the_rules_is_closed_and_nobody_else_notices(
    server: FastAgiServer, request_: bytes, replies: bytes, eof: bool
) -> None:
    assert "CANDIDATE" not in await ask(server, request_, replies, eof=eof)
    for _ in range(50):
        if server.refused:
            break
        await asyncio.sleep(0.02)
    assert server.refused == 1
    assert "CANDIDATE" in await ask(server, asked())


async def test_a_silent_peer_does_not_hold_up_others_or_the_end() -> None:
    async with asyncio.timeout(2), FastAgiServer("127.0.0.1", 0, {"lookup": lookup}) as server:
        _, idle = await asyncio.open_connection("127.0.0.1", server.port)
        assert "known" in await ask(server, asked())
        idle.close()


async def test_a_port_that_is_taken(server: FastAgiServer) -> None:
    with pytest.raises(TelephonyError, match="cannot listen"):
        async with FastAgiServer("127.0.0.1", server.port, {}):
            pass


def test_lines() -> None:
    reader = RequestReader()
    assert reader.feed("agi_network_script: /lookup/") is None
    request = reader.feed("")
    assert request is not None
    assert request.route == "lookup"
    with pytest.raises(AgiError):
        RequestReader().feed("")
    assert parse_reply("200 result=1 (abc)").text == "abc"
    assert set_variable("A", 'x"y\\z') == 'SET VARIABLE A "x\\"y\\\\z"\n'
    with pytest.raises(ValueError, match="control"):
        set_variable("A", "x\nHANGUP")
    with pytest.raises(ValueError, match="no name"):
        set_variable("A B", "x")
