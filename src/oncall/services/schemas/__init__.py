"""What services and integrations look like over REST."""
