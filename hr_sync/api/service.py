"""Whether the server answers."""

from __future__ import annotations

from hr_sync.api.bodies import Health
from hr_sync.api.operation import Ask, Operation, Resources


def _health(resources: Resources, ask: Ask) -> Health:
    resources.store.jobs(limit=1)
    return Health(status="ok")


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/health",
        id="getHealth",
        summary="Whether the server and its database answer",
        scope=None,
        answer=Health,
        run=_health,
        tag="service",
    ),
)
