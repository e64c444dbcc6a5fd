"""Whether an alert is muted, and when a window is open. Pure."""
