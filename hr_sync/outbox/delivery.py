"""What every kind of destination does, and what its failures mean."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from hr_sync.outbox.targets import Retry
from hr_sync.store.outbox import Delivery


class DeliveryError(Exception):
    """Deliveries did not arrive, or nobody knows whether they did.

    Args:
        reason: for the log and the dead letter; no personal data, no secret.
        gone: nobody will ever take them there: no further attempt.
        wait_s: the receiver asked for a pause of at least so long.
    """

    def __init__(self, reason: str, *, gone: bool = False, wait_s: float = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gone = gone
        self.wait_s = wait_s


class Adapter(Protocol):
    """One destination."""

    size: int
    """Deliveries sent together at most."""
    concurrency: int
    """How many sendings at once."""
    batched: bool
    """What was sent together once is sent together again."""
    lease_s: float
    """Longer than a sending may take."""

    async def send(self, deliveries: Sequence[Delivery]) -> None:
        """Hand over all of them. Raises DeliveryError."""

    async def close(self) -> None:
        """Give connections back."""


def pause(retry: Retry, failures: int, wait_s: float = 0, *, chance: random.Random | None = None) -> timedelta | None:
    """How long to wait after the n-th failure; None: it was the last attempt.

    The pause doubles, and varies by a quarter either way, so that deliveries which failed together do not come back together.
    """
    if failures >= retry.attempts:
        return None
    exponent = min(failures - 1, 40)
    backoff_s = min(retry.longest_s, retry.first_s * 2**exponent)
    return timedelta(seconds=max(wait_s, backoff_s * (chance or random).uniform(0.75, 1.25)))


def document(delivery: Delivery) -> dict[str, Any]:
    """A result as it is pushed: the same members as the REST API's."""
    return {
        "cursor": delivery.cursor,
        "call_id": delivery.call_id,
        "revision": delivery.revision,
        "recording": f"/v1/recordings/{delivery.call_id}" if delivery.result.recording else None,
        "result": delivery.result.model_dump(mode="json"),
    }
