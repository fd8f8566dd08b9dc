"""How messages leave: mail, short messages, files."""
