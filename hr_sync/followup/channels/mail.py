"""Mail by SMTP (RFC 5321), over connections that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr

import aiosmtplib
import structlog

from hr_sync.errors import DeliveryError
from hr_sync.followup.settings import SmtpSettings
from hr_sync.records.followups import Message

log = structlog.get_logger(__name__)

_FINAL = range(500, 600)
"""Replies that will not change by themselves (RFC 5321, 4.2.1)."""


class MailChannel:
    """Hands mails to an SMTP server.

    A mail's Message-ID follows from the message's id: should a mail be handed over twice because this machine died in the moment
    between the server's yes and the note of it, mail systems know the second by it.

    Args:
        settings: of the server.
        sender: the From.
    """

    def __init__(self, settings: SmtpSettings, sender: str) -> None:
        self._settings = settings
        self._sender = sender
        self._idle: list[aiosmtplib.SMTP] = []
        self._places = asyncio.Semaphore(settings.connections)

    async def send(self, message: Message, reply_to: str) -> None:
        """See `MessageChannel.send`."""
        mail = mail_of(message, self._sender, reply_to)
        try:
            async with self._connection() as connection:
                await connection.send_message(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            final = all(one.code in _FINAL for one in error.recipients)
            raise DeliveryError("the mail server refuses the address", final=final) from error
        except aiosmtplib.SMTPAuthenticationError as error:
            raise DeliveryError("the mail server refuses user or password", remedy="correct messages.smtp") from error
        except aiosmtplib.SMTPResponseException as error:
            raise DeliveryError(f"the mail server answered {error.code}", final=error.code in _FINAL) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise DeliveryError(
                f"the mail server cannot be reached: {type(error).__name__}", where=f"{self._settings.host}:{self._settings.port}"
            ) from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection of its own for as long as the block lasts; one that failed is not used again."""
        async with self._places:
            connection = self._idle.pop() if self._idle else None
            if connection is None or not connection.is_connected:
                connection = await self._connect()
            try:
                yield connection
            except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException):
                self._idle.append(connection)  # the server said no; the connection is fine
                raise
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        connection = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            timeout=settings.timeout_s,
        )
        await connection.connect()
        if settings.user is not None and settings.password is not None:
            await connection.login(settings.user, settings.password.get_secret_value())
        return connection

    async def close(self) -> None:
        """Say goodbye to the server."""
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.quit()
            except (aiosmtplib.SMTPException, OSError):
                connection.close()


def mail_of(message: Message, sender: str, reply_to: str) -> EmailMessage:
    """A message as mail: text, HTML, calendar entry."""
    mail = EmailMessage(policy=SMTP_POLICY)
    name, address = parseaddr(sender)
    mail["From"] = Address(display_name=name, addr_spec=address)
    mail["To"] = Address(addr_spec=message.recipient)
    mail["Reply-To"] = Address(addr_spec=reply_to)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.id}@{address.rpartition('@')[2] or 'hireline'}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation replies to this
    mail.set_content(message.text, cte="base64")
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html", cte="base64")
    if message.calendar is not None:
        mail.add_attachment(message.calendar.encode(), maintype="text", subtype="calendar", filename="interview.ics")
    return mail
