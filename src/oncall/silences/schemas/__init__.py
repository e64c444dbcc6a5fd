"""What silences, windows and inhibitions look like over REST."""
