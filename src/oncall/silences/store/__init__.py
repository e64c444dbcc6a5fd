"""Every SQL statement about what mutes."""
