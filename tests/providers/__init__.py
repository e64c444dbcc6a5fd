"""Real local providers that misbehave on command: what the outside world does to a page, on this machine."""
