"""Messages as files, for a look and for tests: one a message, written whole or not at all."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from hr_sync.errors import DeliveryError
from hr_sync.followup.channels.mail import mail_of
from hr_sync.records.followups import Channel, Message


class FileChannel:
    """Writes `ID.eml` and `ID.txt` into a folder only its owner can read; a message that lies there already is not written again.

    Args:
        folder: made when it does not exist.
        sender: the From of mails.
    """

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, message: Message, reply_to: str) -> None:
        """See `MessageChannel.send`."""
        await asyncio.to_thread(self._write, message, reply_to)

    def _write(self, message: Message, reply_to: str) -> None:
        mail = message.channel is Channel.MAIL
        content = mail_of(message, self._sender, reply_to).as_bytes() if mail else f"{message.recipient}\n{message.text}\n".encode()
        path = self._folder / f"{message.id}.{'eml' if mail else 'txt'}"
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.touch(mode=0o600)
            part.write_bytes(content)
            os.link(part, path)  # whole, or not at all; refused when it is there
        except FileExistsError:
            return
        except OSError as error:
            raise DeliveryError(
                "the message cannot be written", where=str(self._folder), remedy="look at disk and rights"
            ) from error
        finally:
            part.unlink(missing_ok=True)

    async def close(self) -> None:
        """Nothing to close."""
