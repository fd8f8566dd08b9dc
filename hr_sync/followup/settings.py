"""Settings of what is sent after a call."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SmtpSettings(_Section):
    """The mail server."""

    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "none"
    user: str | None = None
    password: SecretStr | None = None
    timeout_s: float = Field(default=30, gt=0)
    connections: int = Field(default=4, ge=1, le=64)
    """Open at once, each used again and again."""


class SmsSettings(_Section):
    """The HTTP gateway that sends short messages; any that takes one request a message.

    In `url`, `headers` and `body`, {number}, {text} and {id} are replaced; the values of a JSON body are escaped.
    """

    url: str | None = None
    """None: no short messages are sent."""
    method: Literal["POST", "GET"] = "POST"
    headers: dict[str, SecretStr] = {}
    body: dict[str, str] = {"to": "{number}", "text": "{text}", "id": "{id}"}
    encoding: Literal["json", "form"] = "json"
    accepted: tuple[int, ...] = (200, 201, 202)
    """HTTP statuses that say the message was taken; 409 too when it says that this id was sent before."""
    timeout_s: float = Field(default=15, gt=0)


class InterviewDefaults(_Section):
    """Interviews in person, where a job says nothing else."""

    days_ahead: int = Field(default=3, ge=1, le=60)
    """Working days between the call and the first time that is offered."""
    starts: tuple[time, ...] = (time(10), time(11), time(14), time(15), time(16))
    """Times of day that are offered, in the order in which they are given away."""
    minutes: int = Field(default=45, ge=10, le=480)
    at_once: int = Field(default=1, ge=1)
    """Interviews of one job at the same time."""
    bring: tuple[str, ...] = ("身份证原件", "纸质简历一份", "学历证书和相关证书的复印件")


class MessageRules(_Section):
    """What happens after a call."""

    enabled: bool = False
    """False: nothing is planned or sent."""
    channel: Literal["file", "real"] = "file"
    """file: messages become files in the state folder, for a look and for tests; real: mail and short messages go out."""
    invite: Literal["interested", "recommended", "never"] = "interested"
    """Who is invited without a person's word: whoever is interested, or only whom the assessment recommends."""
    public_url: str = "http://127.0.0.1:18095"
    """Where candidates reach the pages; https, by a proxy, once anybody outside shall."""
    host: str = "127.0.0.1"
    port: int = Field(default=18095, ge=0, le=65535)
    sender: str = "招聘助手 <recruiting@localhost>"
    """The From of mails; replies go to the job's recruiter."""
    templates: Path | None = None
    """Folder of your own templates; those it lacks are taken from the program."""
    language: str = "zh_CN"
    quiet_from: time = time(21)
    quiet_until: time = time(8, 30)
    """Nothing is sent to a candidate in between, by the candidate's own clock."""
    per_second: float = Field(default=20, gt=0, le=1000)
    """Messages a second at most."""
    at_once: int = Field(default=8, ge=1, le=64)
    reminder_after_h: float = Field(default=24, gt=0)
    day_before_at: time = time(10)
    link_days: int = Field(default=30, ge=1, le=365)
    """How long a link in a mail works, beyond the interview."""
    fresh_h: float = Field(default=72, gt=0)
    """Results older than this are not followed up any more: nobody is written to about a call of last month."""
    tries: int = Field(default=6, ge=1, le=20)
    smtp: SmtpSettings = SmtpSettings()
    sms: SmsSettings = SmsSettings()
    interview: InterviewDefaults = InterviewDefaults()

    @model_validator(mode="after")
    def _awake_at_some_time(self) -> Self:
        if self.quiet_from == self.quiet_until:
            raise ValueError("quiet_from and quiet_until are the same: say 00:00 and 00:01 for no quiet hours")
        return self
