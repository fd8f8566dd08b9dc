"""A store of each kind, empty or with the sample data."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hr_sync.sample import load_sample
from hr_sync.store import Store
from tests.unit.store.store_cases import STORES


@pytest.fixture(params=STORES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with STORES[request.param](tmp_path) as store:
        yield store


@pytest.fixture
def store(empty: Store) -> Store:
    load_sample(empty)
    return empty
