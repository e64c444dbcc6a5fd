"""What can be asked: what would happen if, and what would have happened."""
