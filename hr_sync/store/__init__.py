"""The HR database."""
