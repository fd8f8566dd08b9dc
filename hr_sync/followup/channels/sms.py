"""Short messages through an HTTP gateway that the settings describe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

import aiohttp

from hr_sync.errors import DeliveryError
from hr_sync.followup.settings import SmsSettings
from hr_sync.records.followups import Message

_PLACE = re.compile(r"\{(number|text|id)\}")
_REPEATED = 409
"""By an idempotency key known to the gateway: it was taken before."""


class SmsChannel:
    """Hands short messages to the gateway, one request a message.

    The message's id goes along as Idempotency-Key, and wherever the settings put {id}: gateways that honour it send it once.

    Args:
        settings: of the gateway; its `url` is set.
    """

    def __init__(self, settings: SmsSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message, reply_to: str) -> None:
        """See `MessageChannel.send`."""
        del reply_to  # a short message has none
        settings = self._settings
        values = {"number": message.recipient, "text": message.text, "id": message.id}
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=settings.timeout_s))
        headers = {name: _filled(value.get_secret_value(), values) for name, value in settings.headers.items()}
        headers.setdefault("Idempotency-Key", message.id)
        body = {name: _filled(value, values) for name, value in settings.body.items()}
        url = _filled(settings.url or "", {name: quote(value, safe="") for name, value in values.items()})
        form = settings.encoding == "form"
        try:
            async with self._session.request(
                settings.method,
                url,
                headers=headers,
                data=body if form and settings.method == "POST" else None,
                json=body if not form and settings.method == "POST" else None,
                allow_redirects=False,
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryError(f"the gateway cannot be reached: {type(error).__name__}", remedy="look at messages.sms") from error
        if status not in settings.accepted and status != _REPEATED:
            final = status in {400, 404, 410, 422}
            raise DeliveryError(f"the gateway answered {status}", final=final, remedy="look at messages.sms")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _filled(pattern: str, values: Mapping[str, str]) -> str:
    """All at once: what a text says is never taken for a place to fill."""
    return _PLACE.sub(lambda place: values[place[1]], pattern)
