"""Which values are said back before they are kept. A wrong amount in the record is worse than a question too many."""

from __future__ import annotations

from datetime import datetime

from agi_app.dialogue.slots import SlotValue, monthly_bounds, plausible
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
