"""What reports look like over REST."""
