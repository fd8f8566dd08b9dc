"""Programs on the other side: what takes results from a Hireline server."""
