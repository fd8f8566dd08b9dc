"""Screening: a job's requirements as rules, and what they make of every candidate, with reasons."""

from hr_sync.screening.engine import draft_of, screen

__all__ = ["draft_of", "screen"]
