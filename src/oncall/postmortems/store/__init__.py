"""Every SQL statement about postmortems and action items."""
