"""Dialplan files as text: a tolerant reader, patterns, and what can be seen to be wrong before Asterisk reads them. Pure."""
