"""What every channel does."""

from __future__ import annotations

from typing import Protocol

from hr_sync.records.followups import Message


class MessageChannel(Protocol):
    """Hands messages over. Safe to use from several tasks at once."""

    async def send(self, message: Message, reply_to: str) -> None:
        """Hand one message over; the message's id tells a repetition.

        Args:
            message: what to send.
            reply_to: mail address of the recruiter.

        Raises:
            DeliveryError: it was not taken; `final` when trying again is of no use.
        """

    async def close(self) -> None:
        """Close connections."""
