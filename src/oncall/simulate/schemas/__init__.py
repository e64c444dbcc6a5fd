"""What previews and replays look like over REST."""
