"""What that looks like over REST."""
