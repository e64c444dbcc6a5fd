"""What mappings, and what is tried on a pasted body, look like over REST."""
