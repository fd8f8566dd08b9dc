"""The phone wing of Hireline: from a number to a result."""

__version__ = "0.1.0"
