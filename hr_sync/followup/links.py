"""Signed links: whoever has one may answer one invitation until it expires, and nothing else. No login, nothing stored.

A token is what it stands for, when it ends and an HMAC-SHA256 over both (RFC 2104), in base64url; the key lies in the state folder.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hr_sync.errors import LinkError

_KEY_BYTES = 32
_MAC_BYTES = 18
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Link:
    """What a token stands for."""

    purpose: str
    """reply, open."""
    subject: str
    """Id of the invitation, or of the message."""
    message: str
    """Id of the message the link lies in."""


class LinkSigner:
    """Makes and checks tokens.

    Args:
        key: secret, 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, link: Link, expires: datetime) -> str:
        """A token for a link."""
        body = "|".join((link.purpose, link.subject, link.message, f"{int(expires.timestamp()):x}")).encode()
        return _text(body) + "." + _text(self._mac(b"link", body))

    def read(self, token: str, purpose: str, now: datetime) -> Link:
        """What a token stands for. Raises LinkError: forged, altered, for something else, or too old."""
        try:
            body_text, _, mac_text = token[:_LONGEST].partition(".")
            body, mac = _bytes(body_text), _bytes(mac_text)
            genuine = hmac.compare_digest(mac, self._mac(b"link", body))
            kind, subject, message, ends = body.decode().split("|")
        except ValueError:
            genuine = False
        if not genuine or kind != purpose:
            raise LinkError("the link is not one of ours", remedy="use the link of the mail as it is")
        if now.astimezone(UTC).timestamp() > int(ends, 16):
            raise LinkError("the link has expired", remedy="write to the recruiter named in the mail")
        return Link(kind, subject, message)

    def form_key(self, token: str) -> str:
        """A value that only the page behind this token carries: a form without it was not made by us."""
        return _text(self._mac(b"form", token.encode()))

    def form_fits(self, token: str, key: str) -> bool:
        """Whether a form's value is that of this token."""
        return hmac.compare_digest(self.form_key(token).encode(), key.encode())

    def _mac(self, purpose: bytes, body: bytes) -> bytes:
        return hmac.new(self._key, purpose + b"\0" + body, hashlib.sha256).digest()[:_MAC_BYTES]


def load_key(path: Path) -> bytes:
    """The key in a file; made, readable by its owner alone, when there is none. Raises LinkError when it is damaged."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        key = bytes.fromhex(path.read_text("ascii").strip())
    else:
        key = secrets.token_bytes(_KEY_BYTES)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.hex())
    if len(key) != _KEY_BYTES:
        raise LinkError("the key of the links is damaged", where=str(path), remedy="remove it: links in mails sent so far then end")
    return key


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
