"""Who answered, or why nobody did: what the network and machines say, told from people. No audio, no I/O but reading the file."""
