"""REST of what was received."""
