"""What would be muted, and what would have happened. Pure."""
