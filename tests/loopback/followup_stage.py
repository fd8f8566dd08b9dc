"""A real mail server, an SMS gateway, and a process that sends until it is killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from hr_sync.followup.channels.registry import make_channels
from hr_sync.followup.sender import Sender
from hr_sync.followup.settings import MessageRules
from hr_sync.records.followups import Message
from hr_sync.store import SqliteStore
from hr_sync.store.followups import Followups, Plan


@dataclass
class Mailbox:
    """An SMTP server's handler: keeps what it was given, may refuse."""

    mails: list[EmailMessage] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    """Replies to the next DATA commands."""
    unknown: frozenset[str] = frozenset()
    port: int = 0

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if address in self.unknown:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default))
        return "250 OK"

    @property
    def ids(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.mails]


@asynccontextmanager
async def mail_server(mailbox: Mailbox) -> AsyncIterator[Mailbox]:
    """The handler behind a real SMTP server on loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, hostname="mail.example", loop=loop), "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def sms_gateway(statuses: list[int]) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A gateway that answers with these statuses, then 200; yields its URL and what it was sent."""
    taken: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        taken.append({"body": await request.json(), "key": request.headers["Idempotency-Key"], "token": request.headers["X-Token"]})
        return web.Response(status=statuses.pop(0) if statuses else 200)

    application = web.Application()
    application.router.add_post("/send", take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/send", taken
    finally:
        await runner.cleanup()


def letters(template: Message, count: int) -> Plan:
    """So many messages like one, due for long."""
    due = datetime(2026, 1, 5, 2, tzinfo=UTC)
    copies = (
        template.model_copy(update={"id": f"letter-{number:04d}", "due_at": due, "invitation_id": None}) for number in range(count)
    )
    return Plan("", tuple(copies))


async def send_until_killed(folder: Path, settings: MessageRules) -> None:
    """The body of a process of its own: sends what is due, and says so on its output."""
    with SqliteStore(folder / "hr.db") as store:
        sender = Sender(store, Followups(store.connections), make_channels(settings, folder), settings)
        print("sending", flush=True)  # noqa: T201 - the parent waits for it
        while await sender.round():
            pass
        print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(send_until_killed(Path(sys.argv[1]), MessageRules.model_validate_json(sys.argv[2])))
