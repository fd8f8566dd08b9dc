"""Signal in, decisions out: voice activity, turn-taking, resampling. No I/O, time is counted in samples."""
