"""Simulated candidates that come with the program."""

from __future__ import annotations

from pathlib import Path

DEMO = Path(__file__).parent / "zhang-wei.yaml"
"""Who answers in `hireline demo`."""
