"""The HR wing of Hireline: the database, and everything that goes in and out of it. It never imports the phone wing."""
