"""Which values are said back before they are kept. A wrong amount in the record is worse than a question too many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agi_app.dialogue.slots import SlotValue, monthly_bounds, plausible
from agi_app.dialogue.spoken import yuan
from hr_sync.records import Job

LEAST_SHARE, MOST_SHARE = 0.4, 2.5
"""Of the job's pay range: an expectation outside of this was more probably misheard than meant."""


def far_from_job(value: SlotValue, job: Job) -> bool:
    """Whether an expected pay lies far outside of what the job pays."""
    if isinstance(value, str):
        return False
    pay = job.pay
    least, most = LEAST_SHARE * pay.range.min, MOST_SHARE * pay.range.max
    return any(not least <= bound <= most for bound in monthly_bounds(value, pay.salary_months))


def doubtful(slot: str, value: SlotValue, now: datetime, job: Job) -> bool:
    """Whether a value is too unlikely to be kept without asking back, however clearly it was heard."""
    return not plausible(slot, value, now) or (slot == "expected_pay" and far_from_job(value, job))


def likely_phrases(job: Job, frames: Iterable[str]) -> tuple[str, ...]:
    """What a candidate for a job may say of the expected pay: every likely amount in every way of saying it.

    Args:
        job: amounts from half the bottom of its range to twice the top count as likely.
        frames: ways to say it, with `{amount}`.
    """
    least, most = 0.5 * job.pay.range.min, 2 * job.pay.range.max
    steps = (*range(1000, 10_000, 500), *range(10_000, 20_000, 1000), *range(20_000, 50_001, 5000), 22_000, 28_000)
    amounts = [yuan(amount) for amount in steps if least <= amount <= most]
    return tuple(frame.replace("{amount}", amount) for frame in frames for amount in amounts)
