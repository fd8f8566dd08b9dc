"""Who is called when."""
