"""Who drives a call, and whether he lives."""

import os
import socket

import pytest

from hr_sync import owner


def test_this_process_lives() -> None:
    assert owner.this_process() == owner.this_process()
    assert owner.is_alive(owner.this_process()) is True


def test_a_process_id_used_again_is_another_process() -> None:
    host, pid, started = owner.this_process().rsplit(":", 2)
    assert owner.is_alive(f"{host}:{pid}:{int(started) - 3600}") is False


@pytest.mark.parametrize(
    "name", ["elsewhere.example:1:1", f"{socket.gethostname()}:{os.getpid()}", "", "a:b:c", f"{socket.gethostname()}:x:1"]
)
def test_what_cannot_be_told_from_here_is_not_guessed(name: str) -> None:
    assert owner.is_alive(name) is None
