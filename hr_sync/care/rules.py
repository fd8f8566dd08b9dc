"""How data is cared for; a section of the settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class CareRules(BaseModel):
    """Encryption at rest and retention."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encrypt_recordings: bool = True
    """Recordings are encrypted when their call has ended."""
    key_file: Path | None = None
    """The keys; None: data.keys in the state folder. HIRELINE_DATA_KEYS in the environment comes before both."""
    seal_every_s: float = Field(default=5, gt=0)
    """How often ended calls are looked for."""
    recordings_days: int | None = Field(default=180, ge=0)
    """Recordings are deleted so many days after their call; None: never."""
    results_days: int | None = Field(default=730, ge=1)
    """Results, transcripts and attempts, with their recording; None: never."""
    retention_every_s: float = Field(default=3600, gt=0)
    """How often it is looked what is over."""
