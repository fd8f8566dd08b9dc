"""SIP messages and their media descriptions as text: just enough to pass them on with other media ports. No I/O.

After RFC 3261 (messages) and RFC 4566 / RFC 3605 (SDP and its `a=rtcp`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agi_app.simulate.persona import Codec

_STATIC = {"0": "PCMU", "8": "PCMA", "9": "G722"}
"""Payload types that need no a=rtpmap (RFC 3551)."""
_NAMES = {Codec.ULAW: "PCMU", Codec.ALAW: "PCMA", Codec.G722: "G722"}
_KEYS = "TELEPHONE-EVENT"
_SHORT = {"i": "call-id", "l": "content-length", "c": "content-type", "t": "to", "f": "from", "v": "via", "m": "contact"}


def _long(name: str) -> str:
    """A header's name in lower case, compact forms written out."""
    return _SHORT.get(name.lower(), name.lower())


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A request or a response.

    Args:
        start: the first line.
        headers: name as written, and value, in order.
        body: what follows the empty line.
    """

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def parse(cls, data: bytes) -> SipMessage | None:
        """Read one datagram; None for keep-alives and anything that is no SIP message."""
        try:
            head, _, body = data.decode("utf-8").partition("\r\n\r\n")
        except UnicodeDecodeError:
            return None
        start, *lines = head.split("\r\n")
        if "SIP/2.0" not in start:
            return None
        headers = tuple((name.strip(), value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon)
        return cls(start, headers, body)

    def header(self, name: str) -> str | None:
        """The first header of that name, long or compact form."""
        wanted = name.lower()
        return next((value for key, value in self.headers if _long(key) == wanted), None)

    @property
    def is_request(self) -> bool:
        """False for a response."""
        return not self.start.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        """The request's method; a response's is that of its CSeq."""
        if self.is_request:
            return self.start.split(" ", 1)[0]
        return (self.header("CSeq") or "").rpartition(" ")[2]

    @property
    def number(self) -> str:
        """The user part of a request's URI."""
        found = re.match(r"\S+ sips?:([^@;> ]+)@", self.start)
        return found.group(1) if found else ""

    @property
    def has_sdp(self) -> bool:
        """Whether the body describes media."""
        return bool(self.body) and (self.header("Content-Type") or "").lower().startswith("application/sdp")

    def with_body(self, body: str) -> SipMessage:
        """The same message with another body and its right length."""
        size = str(len(body.encode()))
        headers = tuple((key, size if _long(key) == "content-length" else value) for key, value in self.headers)
        return replace(self, headers=headers, body=body)

    def reply(self, code: int, reason: str) -> SipMessage:
        """A final response to this request, without a body (RFC 3261, 8.2.6)."""
        copied = [(key, value) for key, value in self.headers if _long(key) in {"via", "from", "to", "call-id", "cseq"}]
        tagged = [(key, f"{value};tag=network" if _long(key) == "to" and ";tag=" not in value else value) for key, value in copied]
        return SipMessage(f"SIP/2.0 {code} {reason}", (*tagged, ("Content-Length", "0")), "")

    def encode(self) -> bytes:
        """As a datagram."""
        lines = [self.start, *(f"{key}: {value}" for key, value in self.headers)]
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


def media_address(sdp: str) -> tuple[str, int] | None:
    """Where the first audio stream wants its RTP; None when there is none, or it is refused (port 0)."""
    found = re.search(r"^m=audio (\d+)", sdp, re.MULTILINE)
    if not found or found.group(1) == "0":
        return None
    own = re.search(r"^c=IN IP4 ([\d.]+)", sdp[found.end() :].split("\nm=")[0], re.MULTILINE)
    whole = re.search(r"^c=IN IP4 ([\d.]+)", sdp, re.MULTILINE)
    address = own or whole
    return (address.group(1), int(found.group(1))) if address else None


def rewrite_media(sdp: str, host: str, port: int) -> str:
    """The same description with the audio at `host:port` and RTCP one port above."""
    sdp = re.sub(r"^c=IN IP4 [\d.]+", f"c=IN IP4 {host}", sdp, flags=re.MULTILINE)
    sdp = re.sub(r"^m=audio [1-9]\d*", f"m=audio {port}", sdp, flags=re.MULTILINE)
    return re.sub(r"^a=rtcp:\d+(?: IN IP4 [\d.]+)?", f"a=rtcp:{port + 1} IN IP4 {host}", sdp, flags=re.MULTILINE)


def narrow_codec(sdp: str, codec: Codec) -> str:
    """The same offer with only this codec and DTMF events left; unchanged when the codec is not offered."""
    found = re.search(r"^(m=audio \d+ \S+) ([\d ]+?)\s*$", sdp, re.MULTILINE)
    if not found:
        return sdp
    names = dict(_STATIC)
    names |= {kind: name.upper() for kind, name in re.findall(r"^a=rtpmap:(\d+) ([^/\s]+)", sdp, re.MULTILINE)}
    offered = found.group(2).split()
    kept = [kind for kind in offered if names.get(kind) in {_NAMES[codec], _KEYS}]
    if not any(names.get(kind) == _NAMES[codec] for kind in kept):
        return sdp
    sdp = sdp.replace(found.group(0).rstrip("\r\n"), f"{found.group(1)} {' '.join(kept)}", 1)
    dropped = "|".join(kind for kind in offered if kind not in kept)
    return re.sub(rf"^a=(?:rtpmap|fmtp|rtcp-fb):(?:{dropped}) .*\r?\n", "", sdp, flags=re.MULTILINE) if dropped else sdp
