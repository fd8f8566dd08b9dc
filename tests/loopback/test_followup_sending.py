"""Messages leave once: through a real mail server, a gateway, files; through refusals, and through kills."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hr_sync.followup.channels.registry import make_channels
from hr_sync.followup.channels.sms import SmsChannel
from hr_sync.followup.sender import Sender
from hr_sync.followup.settings import MessageRules
from hr_sync.records import DoNotCallEntry, DoNotCallReason
from hr_sync.records.followups import Channel, Message, MessageEventKind, MessageState, TaskKind
from hr_sync.store import SqliteStore
from hr_sync.store.followups import Followups, Plan
from tests.loopback.followup_stage import Mailbox, letters, mail_server, sms_gateway
from tests.unit.followup_kit import NOW, case, finish, planner, rules, sample

AWAKE = {"quiet_from": "00:00", "quiet_until": "00:01"}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with sample(tmp_path) as store:
        finish(store)
        yield store


def invitation(store: SqliteStore) -> Message:
    """A message of the sample call, written to the database."""
    plan = planner().after_call(case(store), NOW)
    Followups(store.connections).write_plan("call-1", plan, NOW)
    return plan.messages[0]


def template(store: SqliteStore) -> Message:
    """A message of the sample call, not written."""
    return planner().after_call(case(store), NOW).messages[0]


def sender(store: SqliteStore, folder: Path, settings: MessageRules, clock: Clock | None = None) -> Sender:
    return Sender(store, Followups(store.connections), make_channels(settings, folder), settings, clock or Clock())


def smtp(mailbox: Mailbox, **changes: object) -> MessageRules:
    return rules(channel="real", smtp={"host": "127.0.0.1", "port": mailbox.port}, per_second=1000, **AWAKE, **changes)


async def test_a_mail_arrives_whole(store: SqliteStore, tmp_path: Path) -> None:
    message = invitation(store)
    async with mail_server(Mailbox()) as mailbox:
        assert await sender(store, tmp_path, smtp(mailbox)).round() == 1
        assert await sender(store, tmp_path, smtp(mailbox)).round() == 0
    (mail,) = mailbox.mails
    assert mail["Subject"] == message.subject
    assert mail["To"] == "zhangwei@mail.example"
    assert mail["Reply-To"] == "linxiao@yuchuan.example"
    assert mail["Message-ID"] == "<call-1.invitation.mail@localhost>"
    assert mail.get_body(("plain",)).get_content().strip().replace("\r\n", "\n") == message.text
    assert "接受、谢绝" in mail.get_body(("html",)).get_content()
    (entry,) = mail.iter_attachments()
    assert entry.get_content_type() == "text/calendar"
    assert b"BEGIN:VEVENT" in entry.get_payload(decode=True)
    followups = Followups(store.connections)
    assert followups.message(message.id).state is MessageState.SENT
    assert [event for event, _ in followups.events(message.id)] == [MessageEventKind.SENT]


async def test_a_busy_server_is_tried_again_later_and_no_is_no(store: SqliteStore, tmp_path: Path) -> None:
    message, clock = invitation(store), Clock()
    followups = Followups(store.connections)
    async with mail_server(Mailbox(refusals=["451 try later"])) as mailbox:
        sending = sender(store, tmp_path, smtp(mailbox), clock)
        await sending.round()
        waiting = followups.message(message.id)
        assert (waiting.state, waiting.attempts) == (MessageState.WAITING, 1)
        assert timedelta(seconds=20) < waiting.due_at - clock.now < timedelta(seconds=40)
        clock.now += timedelta(minutes=1)
        await sending.round()
        assert followups.message(message.id).state is MessageState.SENT
        followups.add(letters(message, 1))
        mailbox.unknown = frozenset({message.recipient})
        await sending.round()
    refused = followups.message("letter-0000")
    assert (refused.state, refused.attempts) == (MessageState.FAILED, 1)
    assert TaskKind.NOT_DELIVERED in {task.kind for task in followups.tasks()}
    assert message.recipient not in refused.error


async def test_a_server_that_is_away_uses_the_tries_up(store: SqliteStore, tmp_path: Path) -> None:
    message, clock = invitation(store), Clock()
    settings = rules(channel="real", smtp={"host": "127.0.0.1", "port": 1}, tries=2, **AWAKE)
    sending = sender(store, tmp_path, settings, clock)
    await sending.round()
    clock.now += timedelta(hours=1)
    await sending.round()
    assert Followups(store.connections).message(message.id).state is MessageState.FAILED


async def test_short_messages_go_through_the_gateway_as_the_settings_describe(store: SqliteStore, tmp_path: Path) -> None:
    finish(store, "call-2", candidate="li-na", disposition="no_answer", answered_at=None)
    followups = Followups(store.connections)
    followups.add(Plan("", planner().after_call(case(store, "call-2"), NOW).messages))
    async with sms_gateway([503]) as (url, taken):
        gateway = {"url": url, "headers": {"X-Token": "secret"}, "body": {"phone": "{number}", "content": "{text}", "ref": "{id}"}}
        clock = Clock()
        sending = sender(store, tmp_path, rules(channel="real", sms=gateway, **AWAKE), clock)
        await sending.round()
        clock.now += timedelta(minutes=1)
        await sending.round()
        await sending._channels[Channel.SMS].close()
    assert [one["key"] for one in taken] == ["call-2.no_answer.sms"] * 2
    assert taken[1]["token"] == "secret"
    assert taken[1]["body"]["phone"] == "+8613800000002"
    assert taken[1]["body"]["content"].startswith("【屿川软件】李女士您好")
    assert followups.message("call-2.no_answer.sms").state is MessageState.SENT


async def test_a_gateway_that_knows_the_key_is_content(store: SqliteStore) -> None:
    async with sms_gateway([409]) as (url, _):
        channel = SmsChannel(rules(sms={"url": url, "headers": {"X-Token": "t"}}).sms)
        await channel.send(invitation(store), "")
        await channel.close()


async def test_quiet_hours_hold_back_what_was_due_before_them(store: SqliteStore, tmp_path: Path) -> None:
    message, clock = invitation(store), Clock()
    clock.now = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)  # 21:30 in Shanghai
    await sender(store, tmp_path, rules(), clock).round()
    held = Followups(store.connections).message(message.id)
    assert (held.state, held.due_at) == (MessageState.WAITING, datetime(2026, 11, 24, 0, 30, tzinfo=UTC))
    assert not (tmp_path / "messages").exists()


async def test_who_asks_to_be_left_alone_gets_nothing_more(store: SqliteStore, tmp_path: Path) -> None:
    message = invitation(store)
    number = store.candidate("zhang-wei").phone
    store.block(DoNotCallEntry(number=number, reason=DoNotCallReason.CANDIDATE_ASKED, at=NOW))
    await sender(store, tmp_path, rules()).round()
    assert Followups(store.connections).message(message.id).state is MessageState.FAILED
    assert not (tmp_path / "messages").exists()


async def test_the_rate_is_kept(store: SqliteStore, tmp_path: Path) -> None:
    Followups(store.connections).add(letters(invitation(store), 30))
    settings = rules(per_second=60, **AWAKE)
    sending = sender(store, tmp_path, settings)
    started = time.monotonic()
    assert await sending.round() == 31
    assert time.monotonic() - started >= 30 / 60
    assert len(list((tmp_path / "messages").glob("*.eml"))) == 31


async def start(folder: Path, settings: MessageRules) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.loopback.followup_stage", str(folder), settings.model_dump_json(),
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip


async def until_done(folder: Path, settings: MessageRules, arrived: object, *, kills: int, step: int) -> None:
    """Send with processes that are killed after every so many messages, then with one that may finish."""
    for kill in range(1, kills + 1):
        process = await start(folder, settings)
        await process.stdout.readline()
        while arrived() < kill * step and process.returncode is None:  # noqa: ASYNC110 - what arrives tells nobody
            await asyncio.sleep(0.005)
        process.kill()
        await process.wait()
    process = await start(folder, settings)
    output, _ = await process.communicate()
    assert output.endswith(b"done\n")


async def test_mails_arrive_once_through_kills(store: SqliteStore, tmp_path: Path) -> None:
    """What was in the air at a kill may come twice, under the id by which mail systems know it; nothing is lost."""
    Followups(store.connections).add(letters(template(store), 60))
    async with mail_server(Mailbox()) as mailbox:
        settings = smtp(mailbox, at_once=2)
        await until_done(tmp_path, settings, lambda: len(mailbox.mails), kills=2, step=15)
    counts = Counter(mailbox.ids)
    assert set(counts) == {f"<letter-{number:04d}@localhost>" for number in range(60)}
    again = [name for name, count in counts.items() if count > 1]
    assert len(again) <= 2 * settings.at_once  # only what was being handed over in the moments of the kills
    assert Followups(store.connections).counts() == {"sent": 60}


async def test_files_are_written_once_and_whole_through_kills(store: SqliteStore, tmp_path: Path) -> None:
    Followups(store.connections).add(letters(template(store), 60))
    settings = rules(per_second=1000, **AWAKE)
    folder = tmp_path / "messages"
    await until_done(tmp_path, settings, lambda: len(list(folder.glob("*.eml"))), kills=2, step=15)
    files = sorted(folder.glob("*.eml"))
    assert len(files) == 60
    assert all(path.read_bytes().rstrip().endswith(b"--") for path in files)  # the end of the last part
    assert Followups(store.connections).counts() == {"sent": 60}


async def test_a_file_that_is_there_is_not_written_again(store: SqliteStore, tmp_path: Path) -> None:
    channel = make_channels(rules(), tmp_path)[Channel.MAIL]
    message = template(store)
    await channel.send(message, "hr@x.example")
    (path,) = (tmp_path / "messages").iterdir()
    before = path.read_bytes()
    await channel.send(message.model_copy(update={"text": "又一次"}), "hr@x.example")
    assert [one.read_bytes() for one in (tmp_path / "messages").iterdir()] == [before]
    assert path.stat().st_mode & 0o077 == 0
