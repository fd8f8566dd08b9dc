"""Media of a call over chan_websocket."""
