"""What can be done with what was agreed on, and with records."""
