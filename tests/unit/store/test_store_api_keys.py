"""API keys: what opens, what does not, and that no secret is kept."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from hr_sync.errors import InvalidDataError, NotFoundError
from hr_sync.store import SqliteStore
from hr_sync.store.api_keys import ApiKeys
from tests.unit.store.store_cases import NOW


@pytest.fixture
def keys(tmp_path: Path):
    with SqliteStore(tmp_path / "hr.db") as store:
        yield ApiKeys(store.transactions)


def test_a_token_opens_what_its_key_allows(keys: ApiKeys) -> None:
    key, token = keys.create(" HR system ", role="integration", scopes=["results:read"], at=NOW)
    found = keys.find(token, NOW)
    assert found is not None
    assert (found.id, found.name, found.role, found.scopes) == (key.id, "HR system", "integration", {"results:read"})
    assert len(token) == len("hl_") + 12 + 1 + 43


def test_no_secret_is_stored(keys: ApiKeys, tmp_path: Path) -> None:
    _, token = keys.create("a", role="admin", scopes=[], at=NOW)
    secret = token[len("hl_") + 12 + 1 :]
    connection = sqlite3.connect(tmp_path / "hr.db")
    assert not any(secret in str(value) for row in connection.execute("SELECT * FROM api_keys") for value in row)
    connection.close()


def test_every_other_token_is_refused(keys: ApiKeys) -> None:
    first, token = keys.create("a", role="admin", scopes=[], at=NOW)
    second, _ = keys.create("b", role="admin", scopes=[], at=NOW)
    altered = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in ("", "hl_", token[3:], altered, token + "x", token.replace(first.id, second.id), "Bearer " + token, "密" * 59):
        assert keys.find(wrong, NOW) is None
    assert keys.find(token.replace(first.id, "0" * 12), NOW) is None, "no such key"


def test_a_revoked_or_expired_key_opens_nothing(keys: ApiKeys) -> None:
    key, token = keys.create("a", role="admin", scopes=[], at=NOW, expires_at=NOW + timedelta(days=1))
    assert keys.find(token, NOW + timedelta(hours=23)) is not None
    assert keys.find(token, NOW + timedelta(hours=24)) is None
    assert keys.revoke(key.id, NOW)
    assert not keys.revoke(key.id, NOW)
    assert keys.find(token, NOW) is None
    assert [listed.revoked_at for listed in keys.list()] == [NOW]
    with pytest.raises(NotFoundError, match="ffffffffffff"):
        keys.revoke("ffffffffffff", NOW)


def test_the_last_use_is_noted_now_and_then(keys: ApiKeys) -> None:
    _, token = keys.create("a", role="admin", scopes=[], at=NOW)
    noted = []
    for minutes in (1, 2, 5, 7):
        keys.find(token, NOW + timedelta(minutes=minutes))
        noted.append(keys.list()[0].last_used_at)
    assert noted == [NOW + timedelta(minutes=minutes) for minutes in (1, 1, 1, 7)]


@pytest.mark.parametrize(("name", "days"), [("", 1), ("   ", 1), ("x" * 81, 1), ("a", 0), ("a", -1)])
def test_a_key_nobody_could_use_is_not_made(keys: ApiKeys, name: str, days: int) -> None:
    with pytest.raises(InvalidDataError):
        keys.create(name, role="admin", scopes=[], at=NOW, expires_at=NOW + timedelta(days=days))
    assert keys.list() == ()
