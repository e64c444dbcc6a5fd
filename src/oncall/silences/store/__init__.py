"""Every SQL statement about silences and maintenance windows."""
