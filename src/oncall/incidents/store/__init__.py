"""Every SQL statement about events, alerts and incidents."""
