"""When recruiters are at work, and whether a transfer may be tried."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agi_app.config import TransferSettings
from agi_app.errors import ConfigError
from agi_app.interview.transfer import Transfer, at_work
from tests.unit.dialogue_kit import brief


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-11-23T01:00+00:00", True),  # Monday 9:00 in Shanghai
        ("2026-11-23T00:59+00:00", False),
        ("2026-11-23T04:00+00:00", False),  # noon
        ("2026-11-23T05:30+00:00", True),
        ("2026-11-23T10:00+00:00", False),
        ("2026-11-22T02:00+00:00", False),  # Sunday
    ],
)
def test_hours_count_in_the_recruiters_time_zone(at: str, open_: bool) -> None:
    assert at_work(TransferSettings(), datetime.fromisoformat(at)) is open_


@pytest.mark.parametrize("hours", ["9:00-12:00", "09:00", "12:00-09:00", "25:00-26:00"])
def test_hours_that_cannot_be_read_are_refused(hours: str) -> None:
    with pytest.raises(ConfigError, match="hours"):
        at_work(TransferSettings(hours=(hours,)), datetime.now(UTC))


def test_there_must_be_somebody_to_ring() -> None:
    monday = datetime(2026, 11, 23, 2, tzinfo=UTC)
    ours = brief()
    job = ours.job
    nobody = ours.model_copy(
        update={"job": job.model_copy(update={"recruiter": job.recruiter.model_copy(update={"extension": None})})}
    )
    somebody = ours.model_copy(
        update={"job": job.model_copy(update={"recruiter": job.recruiter.model_copy(update={"extension": "8001"})})}
    )
    assert Transfer(TransferSettings()).available(somebody, monday)
    assert not Transfer(TransferSettings()).available(nobody, monday)
    assert Transfer(TransferSettings(group=("8002",))).available(nobody, monday)
    assert not Transfer(TransferSettings(enabled=False)).available(somebody, monday)
    assert not Transfer(TransferSettings(days=())).available(somebody, monday)
