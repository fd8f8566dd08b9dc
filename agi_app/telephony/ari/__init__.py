"""Typed Asterisk REST interface client."""
