"""What was agreed on, applied. Pure."""
