"""FastAGI: the dialplan asks, we answer. Lines of our own over a socket, with limits on size and time."""

ROUTES = ("lookup",)
"""Paths the dialplan may ask at: agi://HOST:PORT/lookup."""
