from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.interview.payfit import monthly, pay_fit
from hr_sync.records import MoneyRange

RANGE = MoneyRange(min=10_000, max=13_000)


def test_the_known_example() -> None:
    fit = pay_fit({"min": 12_000, "max": 12_000, "period": "month"}, RANGE)
    assert fit.score == 85
    assert fit.range == (10_000, 13_000)


@pytest.mark.parametrize(
    ("expected", "score"),
    [
        ({"min": 8000, "max": 8000, "period": "month"}, 100),
        ({"min": 9000, "period": "month"}, 100),
        ({"min": 20_000, "max": 20_000, "period": "month"}, 0),
        ({"min": 144_000, "max": 144_000, "period": "year"}, 85),
    ],
)
def test_scores(expected: dict[str, object], score: int) -> None:
    assert pay_fit(expected, RANGE).score == score


def test_no_figure_gives_no_score() -> None:
    assert pay_fit(None, RANGE).score is None
    assert pay_fit({"period": "month"}, RANGE).score is None


def test_after_tax_counts_as_more() -> None:
    assert monthly({"min": 10_000, "max": 10_000, "net": True}) == 12_000


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_asking_for_more_never_fits_better(low: int, high: int) -> None:
    low, high = sorted((low, high))
    scores = [pay_fit({"min": value, "max": value, "period": "month"}, RANGE).score for value in (low, high)]
    assert scores[0] is not None
    assert scores[1] is not None
    assert 0 <= scores[1] <= scores[0] <= 100
