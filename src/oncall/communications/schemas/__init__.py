"""What it looks like over REST."""
