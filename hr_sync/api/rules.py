"""How the REST API behaves; a section of the settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class ApiRules(BaseModel):
    """The REST API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    """Whether `hireline serve` offers it."""
    host: str = "127.0.0.1"
    port: int = Field(default=18092, ge=0, le=65535)
    certificate: Path | None = None
    """PEM, with intermediate certificates: the API speaks TLS itself. None: loopback, or a reverse proxy that does."""
    private_key: Path | None = None
    """PEM; None: it lies in the certificate's file."""
    rate_per_s: float = Field(default=20, gt=0)
    """Requests a second that each key may make in the long run."""
    burst: int = Field(default=40, ge=1)
    """Requests that a key which has rested may make at once."""
    body_limit_bytes: int = Field(default=1 << 20, ge=1024)
    threads: int = Field(default=4, ge=1)
    """Requests that ask the database at once."""
    waiting: int = Field(default=64, ge=0)
    """Requests that may wait for a thread; more are refused with 503."""
