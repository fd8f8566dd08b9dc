"""One call's life: joins telephony, speech and dialogue, writes what is learned."""
