"""Follow-ups beside a running server, where the settings want them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from hr_sync.followup.settings import MessageRules
from hr_sync.store import SqliteStore

if TYPE_CHECKING:
    from hr_sync.followup.runner import FollowUpRunner


def prepare(rules: MessageRules, state: Path) -> Callable[[SqliteStore], AbstractAsyncContextManager[FollowUpRunner | None]]:
    """Make follow-ups known to the durable engine, which must not run yet; returns what starts them once it does.

    Args:
        rules: whether, where and how.
        state: folder for the key of the links and for messages as files.
    """
    if not rules.enabled:
        return lambda _: nullcontext()
    from hr_sync.followup.runner import FollowUpRunner

    return lambda store: FollowUpRunner(store, rules, state)
