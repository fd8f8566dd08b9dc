"""Care for data: encryption at rest, backups, what one person may ask for, retention."""
