"""Results as signed POST requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from hr_sync.outbox import signature
from hr_sync.outbox.delivery import DeliveryError, document
from hr_sync.outbox.targets import WebhookTarget
from hr_sync.store.outbox import Delivery

_LONGEST_WAIT_S = 24 * 3600.0
_GONE = 410


class Webhook:
    """One receiver; any 2xx answer is its word that it has the result."""

    size = 1
    batched = False

    def __init__(self, target: WebhookTarget) -> None:
        self._url = target.url
        self._secret = target.secret_text()
        signature.headers(self._secret, "", 0, b"")  # a secret that is none is told now
        self._timeout = aiohttp.ClientTimeout(total=target.timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self.concurrency = target.concurrency
        self.lease_s = 2 * target.timeout_s + 10

    async def send(self, deliveries: Sequence[Delivery]) -> None:
        """See `Adapter.send`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        (delivery,) = deliveries
        now = datetime.now(UTC)
        kind = "result.finished" if delivery.revision == 1 else "result.revised"
        message = {"type": kind, "timestamp": now.isoformat(), "data": document(delivery)}
        body = json.dumps(message, ensure_ascii=False).encode()
        headers = signature.headers(self._secret, delivery.key, int(now.timestamp()), body)
        headers |= {"Content-Type": "application/json", "Idempotency-Key": delivery.key, "User-Agent": "Hireline"}
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                status, wait = answer.status, answer.headers.get("Retry-After")
        except TimeoutError:
            raise DeliveryError("no answer in time") from None
        except aiohttp.ClientError as error:
            raise DeliveryError(type(error).__name__) from error
        if not 200 <= status < 300:
            raise DeliveryError(f"HTTP {status}", gone=status == _GONE, wait_s=_wait_s(wait, now))

    async def close(self) -> None:
        """See `Adapter.close`."""
        if self._session is not None:
            await self._session.close()


def _wait_s(text: str | None, now: datetime) -> float:
    """Retry-After: seconds or a date (RFC 9110, 10.2.3); what cannot be read is no wish."""
    if text is None:
        return 0.0
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (until - now).total_seconds()), _LONGEST_WAIT_S)
