"""Outbox without I/O: pauses, signatures, settings."""

import random

import pytest
from pydantic import ValidationError

from hr_sync.errors import ServiceError
from hr_sync.outbox import signature
from hr_sync.outbox.delivery import pause
from hr_sync.outbox.targets import OutboxRules, Retry, WebhookTarget

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RETRY = Retry(first_s=5, longest_s=3600, attempts=12)


def test_pauses_double_up_to_the_longest_and_then_it_is_given_up() -> None:
    even = random.Random()
    even.uniform = lambda low, high: (low + high) / 2  # type: ignore[method-assign]
    pauses = [pause(RETRY, failures, chance=even) for failures in range(1, 13)]
    assert [each.total_seconds() for each in pauses[:-1]] == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]
    assert pauses[-1] is None


def test_pauses_vary_and_keep_to_what_the_receiver_asked_for() -> None:
    chance = random.Random(1)
    varied = {pause(RETRY, 3, chance=chance) for _ in range(50)}
    assert len(varied) > 40
    assert all(15 <= each.total_seconds() <= 25 for each in varied)
    assert pause(RETRY, 1, wait_s=600).total_seconds() == 600


def test_a_signature_is_that_of_the_standard() -> None:
    # The example of the specification and of its libraries' own tests.
    made = signature.headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made["Webhook-Signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_was_altered_or_is_old_is_refused() -> None:
    body = '{"姓名": "张伟"}'.encode()
    made = signature.headers(SECRET, "call-1:1", 1_000_000, body)
    assert signature.verify(SECRET, made, body, 1_000_000 + 299)
    assert signature.verify(SECRET, made | {"Webhook-Signature": "v1,AAAA " + made["Webhook-Signature"]}, body, 1_000_000)
    other = signature.new_secret()
    for secret, given, content, now in [
        (SECRET, made, body + b" ", 1_000_000),
        (SECRET, made | {"Webhook-Id": "call-2:1"}, body, 1_000_000),
        (SECRET, made | {"Webhook-Timestamp": "1000001"}, body, 1_000_000),
        (SECRET, made | {"Webhook-Timestamp": "１００００００"}, body, 1_000_000),
        (SECRET, made, body, 1_000_000 + 301),
        (SECRET, made, body, 1_000_000 - 301),
        (SECRET, {}, body, 1_000_000),
        (other, made, body, 1_000_000),
    ]:
        assert not signature.verify(secret, given, content, now)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", "a" * 31])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ServiceError, match="secret"):
        signature.headers(secret, "a", 1, b"")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"url": "ftp://hr.example/x", "secret": SECRET}, "http or https"),
        ({"url": "https://user:pw@hr.example/x", "secret": SECRET}, "without a password"),
        ({"url": "http://hr.example/x", "secret": SECRET}, "https only"),
        ({"url": "https://hr.example/x"}, "secret_file"),
        ({"url": "https://hr.example/x", "secret": SECRET, "secret_file": "x"}, "secret_file"),
        ({"url": "https://hr.example/x", "secret": SECRET, "name": "HR System"}, "name"),
    ],
)
def test_a_webhook_that_would_leak_is_refused(fields: dict[str, str], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        WebhookTarget.model_validate({"name": "hr"} | fields)


def test_two_destinations_of_one_name_are_refused() -> None:
    target = {"kind": "drop", "name": "files", "folder": "/tmp/x"}
    with pytest.raises(ValidationError, match="same name"):
        OutboxRules.model_validate({"destinations": [target, target]})


def test_no_secret_shows_in_the_settings() -> None:
    rules = OutboxRules.model_validate(
        {"destinations": [
            {"kind": "webhook", "name": "hr", "url": "https://hr.example/x", "secret": SECRET},
            {"kind": "postgres", "name": "db", "dsn": "postgresql://u:password1@h/d"},
        ]}
    )  # fmt: skip
    assert SECRET not in repr(rules) + rules.model_dump_json()
    assert "password1" not in repr(rules) + rules.model_dump_json()
