"""Records as files that people and other programs open."""
