"""What tests of every kind may ask for."""

from tests.postgres import postgres

__all__ = ["postgres"]
