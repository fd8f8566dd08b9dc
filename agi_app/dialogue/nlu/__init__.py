"""Intents: examples from the pack, sentence embedding and sound n-grams, a calibrated classifier that may say it does not know."""
