"""How the channels and the bridge of a call are named, so that they are found again after a crash and events find their call."""

from __future__ import annotations

import re

_AGENT = re.compile(r"-agent\d*$")
_LEG, _MEDIA, _BRIDGE = "-leg", "-media", "-bridge"


def leg_id(call_id: str) -> str:
    """The channel towards the candidate."""
    return call_id + _LEG


def media_id(call_id: str) -> str:
    """The channel that carries the call's audio to and from us."""
    return call_id + _MEDIA


def bridge_id(call_id: str) -> str:
    """The bridge that joins the two."""
    return call_id + _BRIDGE


def agent_id(call_id: str, number: int) -> str:
    """The channel towards a recruiter the call is handed to."""
    return f"{call_id}-agent{number}"


def call_of(entity_id: str) -> str | None:
    """The call a channel or bridge id belongs to; None for one that is not of our making."""
    entity_id = _AGENT.sub(_LEG, entity_id)
    for suffix in (_LEG, _MEDIA, _BRIDGE):
        if entity_id.endswith(suffix) and len(entity_id) > len(suffix):
            return entity_id.removesuffix(suffix)
    return None
