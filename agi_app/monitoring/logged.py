"""How often each warning and error was logged. Every fallback of ours is logged by a name of its own, so this counts them all."""

from __future__ import annotations

import logging
from collections import Counter
from threading import Lock

_MOST_NAMES = 500
"""Names are words in the source; beyond so many something is wrong with one, and it counts as `other`."""


class LogCounter(logging.Handler):
    """Counts log events of warning level and above by level and name; records from other libraries by their logger's name."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._counting = Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record; its values are not looked at."""
        name = str(record.msg.get("event", record.name)) if isinstance(record.msg, dict) else record.name
        with self._counting:
            if len(self._counts) >= _MOST_NAMES and (record.levelname, name) not in self._counts:
                name = "other"
            self._counts[record.levelname.lower(), name] += 1

    def counts(self) -> dict[tuple[str, str], int]:
        """Level and name → how often."""
        with self._counting:
            return dict(self._counts)
