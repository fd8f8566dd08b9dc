"""Which channels the settings name."""

from __future__ import annotations

from pathlib import Path

from hr_sync.followup.channels.base import MessageChannel
from hr_sync.followup.channels.files import FileChannel
from hr_sync.followup.channels.mail import MailChannel
from hr_sync.followup.channels.sms import SmsChannel
from hr_sync.followup.settings import MessageRules
from hr_sync.records.followups import Channel


def make_channels(settings: MessageRules, state: Path) -> dict[Channel, MessageChannel]:
    """The channels that the settings name."""
    if settings.channel == "file":
        files = FileChannel(state / "messages", settings.sender)
        return {Channel.MAIL: files, Channel.SMS: files}
    return {Channel.MAIL: MailChannel(settings.smtp, settings.sender), Channel.SMS: SmsChannel(settings.sms)}
