"""How often a caller may ask: a token bucket for each."""

from __future__ import annotations

from collections import OrderedDict

_MOST_CALLERS = 10_000
"""Buckets kept; the one that was not used for longest goes first."""


class RateLimiter:
    """Token buckets, one a caller. No I/O: time is given.

    Args:
        rate_per_s: tokens that come back each second.
        burst: tokens a rested caller has.
    """

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate = rate_per_s
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, now: float) -> float:
        """Take a token.

        Args:
            caller: whose bucket.
            now: a clock in seconds that never goes back.

        Returns:
            0.0 when there was one, else the seconds until there is.
        """
        tokens, at = self._buckets.pop(caller, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        wait_s = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[caller] = (tokens - 1 if wait_s == 0 else tokens, now)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return wait_s
