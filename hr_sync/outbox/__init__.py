"""Results pushed to other systems: webhooks, files in a folder, a PostgreSQL table. At least once, with an idempotency key."""
