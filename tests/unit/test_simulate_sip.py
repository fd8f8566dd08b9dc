from __future__ import annotations

import pytest

from agi_app.simulate.persona import Codec
from agi_app.simulate.sip import SipMessage, media_address, narrow_codec, rewrite_media

SDP = "\r\n".join(
    (
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=Asterisk",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        "m=audio 20134 RTP/AVP 0 8 9 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=rtcp:20135 IN IP4 127.0.0.1",
        "a=sendrecv",
        "",
    )
)
INVITE = "\r\n".join(
    (
        "INVITE sip:19900000001@127.0.0.1:15080 SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1:15060;rport;branch=z9hG4bKx",
        'From: "Anonymous" <sip:a@127.0.0.1>;tag=1',
        "To: <sip:19900000001@127.0.0.1>",
        "i: abc@127.0.0.1",
        "CSeq: 7 INVITE",
        "Content-Type: application/sdp",
        f"l: {len(SDP)}",
        "",
        SDP,
    )
).encode()


def test_a_request_is_read() -> None:
    message = SipMessage.parse(INVITE)
    assert message is not None
    assert message.is_request
    assert (message.method, message.number, message.header("Call-ID")) == ("INVITE", "19900000001", "abc@127.0.0.1")
    assert message.has_sdp
    assert message.encode() == INVITE


@pytest.mark.parametrize("noise", [b"", b"\r\n\r\n", b"\x00\xff", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_sip_is_nothing(noise: bytes) -> None:
    assert SipMessage.parse(noise) is None


def test_a_new_body_gets_its_length() -> None:
    message = SipMessage.parse(INVITE)
    assert message is not None
    changed = SipMessage.parse(message.with_body("v=0\r\ns=电话\r\n").encode())
    assert changed is not None
    assert changed.header("Content-Length") == str(len("v=0\r\ns=电话\r\n".encode()))


def test_a_reply_of_our_own_belongs_to_the_request() -> None:
    message = SipMessage.parse(INVITE)
    assert message is not None
    reply = SipMessage.parse(message.reply(404, "Not Found").encode())
    assert reply is not None
    assert not reply.is_request
    assert reply.method == "INVITE"
    for name in ("Via", "From", "Call-ID", "CSeq"):
        assert reply.header(name) == message.header(name)
    assert (reply.header("To") or "").endswith(";tag=network")


def test_media_is_sent_elsewhere_with_its_control_port() -> None:
    moved = rewrite_media(SDP, "127.0.0.9", 4000)
    assert media_address(SDP) == ("127.0.0.1", 20134)
    assert media_address(moved) == ("127.0.0.9", 4000)
    assert "a=rtcp:4001 IN IP4 127.0.0.9" in moved
    assert "o=- 1 1 IN IP4 127.0.0.1" in moved


def test_refused_media_has_no_address() -> None:
    assert media_address(SDP.replace("audio 20134", "audio 0")) is None
    assert "m=audio 0 " in rewrite_media(SDP.replace("audio 20134", "audio 0"), "127.0.0.9", 4000)


@pytest.mark.parametrize(("codec", "kept"), [(Codec.ULAW, "0 101"), (Codec.ALAW, "8 101"), (Codec.G722, "9 101")])
def test_an_offer_is_narrowed_to_one_codec_and_keys(codec: Codec, kept: str) -> None:
    narrow = narrow_codec(SDP, codec)
    assert f"m=audio 20134 RTP/AVP {kept}\r\n" in narrow
    assert sum(line.startswith("a=rtpmap") for line in narrow.split("\r\n")) == 2
    assert "a=sendrecv" in narrow


def test_a_codec_that_is_not_offered_leaves_the_offer_alone() -> None:
    offer = SDP.replace(" 9 101", " 101").replace("a=rtpmap:9 G722/8000\r\n", "")
    assert narrow_codec(offer, Codec.G722) == offer
