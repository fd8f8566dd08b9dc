"""Candidates that are simulated over real SIP, and the measurements taken at their phones."""
