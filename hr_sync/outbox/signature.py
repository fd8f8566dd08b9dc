"""Signatures of webhooks, as Standard Webhooks says: HMAC-SHA256 over id, time and body, so that receivers can use its libraries.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from hr_sync.errors import ServiceError

PREFIX = "whsec_"
TOLERANCE_S = 300
"""A message older or newer than this is refused: somebody may be sending an old one again."""


def new_secret() -> str:
    """A secret for a webhook: 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message; `timestamp` in Unix seconds. Raises ServiceError when the secret is none."""
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": f"v1,{_sign(secret, message_id, str(timestamp), body)}",
    }


def verify(secret: str, given: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a message is ours, untouched and fresh; several signatures may be given while a secret is being changed."""
    message_id, timestamp = given.get("Webhook-Id", ""), given.get("Webhook-Timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp)) > TOLERANCE_S:
        return False
    expected = f"v1,{_sign(secret, message_id, timestamp, body)}".encode()
    return any(hmac.compare_digest(expected, each.encode()) for each in given.get("Webhook-Signature", "").split())


def _sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < 24:
        raise ServiceError(
            "the secret of a webhook is too short or not in base64", remedy="make one with `hireline outbox secret`"
        ) from None
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()
