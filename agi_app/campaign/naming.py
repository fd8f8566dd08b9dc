"""Names that a journey and its calls are found by, and what the step of a journey records."""

from __future__ import annotations

import hashlib
from typing import TypedDict


class Told(TypedDict):
    """What a journey is told to do next."""

    do: str
    """dial, wait, hold, end"""
    seconds: float
    number: int
    priority: int
    trunk: str
    outcome: str


def journey_id(campaign_id: str, candidate_id: str) -> str:
    """Id of a candidate's workflow in a campaign."""
    return f"journey/{campaign_id}/{candidate_id}"


def call_id_of(campaign_id: str, candidate_id: str, number: int) -> str:
    """Id of a journey's call, from which those of its channels follow: the same whoever asks, before a crash or after it."""
    digest = hashlib.blake2s(f"{campaign_id}\0{candidate_id}".encode(), digest_size=6).hexdigest()
    return f"{campaign_id[:40]}-{digest}-{number}"


def queue(trunk: str) -> str:
    """Name of a trunk's queue."""
    return f"trunk/{trunk}"
