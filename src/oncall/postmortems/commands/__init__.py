"""What can be done with postmortems and action items."""
