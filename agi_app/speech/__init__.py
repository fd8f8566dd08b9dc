"""Hearing and speaking: recognisers, voices, their models, and the worker threads that run them."""
