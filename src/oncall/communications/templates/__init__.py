"""The pages and documents that people outside read."""
