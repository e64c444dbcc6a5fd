"""Every SQL statement about heartbeats."""
