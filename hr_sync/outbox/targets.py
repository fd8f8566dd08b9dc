"""Where results are pushed to; a section of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from hr_sync.errors import ServiceError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Retry(_Section):
    """What happens after a failure: the pause doubles each time, give or take a quarter, until the delivery is a dead letter."""

    first_s: float = Field(default=5, gt=0)
    longest_s: float = Field(default=3600, gt=0)
    attempts: int = Field(default=24, ge=1)
    """With the pauses above, about 14 hours."""


class _Target(_Section):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    retry: Retry = Retry()


class WebhookTarget(_Target):
    """A POST for each result, signed as Standard Webhooks says (https://www.standardwebhooks.com)."""

    kind: Literal["webhook"] = "webhook"
    url: str
    secret: SecretStr | None = None
    secret_file: Path | None = None
    """A file that holds the secret: better than the settings file, which more people read."""
    timeout_s: float = Field(default=15, gt=0, le=300)
    concurrency: int = Field(default=4, ge=1, le=64)

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            raise ValueError("an http or https address without a password in it is wanted")
        if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("results leave this machine by https only")
        return url

    @model_validator(mode="after")
    def _one_secret(self) -> WebhookTarget:
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("either secret or secret_file is wanted")
        return self

    def secret_text(self) -> str:
        """The secret. Raises ServiceError when its file cannot be read."""
        if self.secret is not None:
            return self.secret.get_secret_value()
        path = self.secret_file or Path()
        try:
            return path.read_text("utf-8").strip()
        except OSError as error:
            raise ServiceError(
                f"the secret of the webhook {self.name} cannot be read: {error.strerror}", where=str(path), remedy="write it there"
            ) from error


class DropTarget(_Target):
    """A file in a folder for every few results; complete when it has its name."""

    kind: Literal["drop"] = "drop"
    folder: Path
    form: Literal["jsonl", "csv"] = "jsonl"
    most: int = Field(default=500, ge=1, le=10_000)
    """Results in a file at most."""


class PostgresTarget(_Target):
    """A row a result in a PostgreSQL table, which is made when it is not there."""

    kind: Literal["postgres"] = "postgres"
    dsn: SecretStr
    """postgresql://user@host/database; the password may stand here, in ~/.pgpass or in PGPASSWORD."""
    table: str = Field(default="hireline_results", pattern=r"^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$")
    connect_timeout_s: int = Field(default=10, ge=1, le=120)
    most: int = Field(default=200, ge=1, le=10_000)
    """Rows written in a transaction at most."""


Target = Annotated[WebhookTarget | DropTarget | PostgresTarget, Field(discriminator="kind")]


class OutboxRules(_Section):
    """Results pushed to other systems."""

    destinations: tuple[Target, ...] = ()
    poll_s: float = Field(default=1, gt=0)
    """How often the outbox is looked at; at most so long a result waits before it is sent."""
    grace_s: float = Field(default=10, ge=0)
    """How long a stopping server waits for what is being sent."""

    @model_validator(mode="after")
    def _names_differ(self) -> OutboxRules:
        names = [target.name for target in self.destinations]
        if len(set(names)) < len(names):
            raise ValueError("two destinations have the same name")
        return self
