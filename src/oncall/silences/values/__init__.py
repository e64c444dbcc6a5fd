"""What mutes, what is muted, and why."""
