"""What postmortems and action items look like over REST."""
