"""REST for what was agreed on."""
