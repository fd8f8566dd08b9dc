"""Recognisers, one module an engine, behind the protocol of `agi_app.speech.asr.protocol`."""
