"""The tests, as the tree they test."""
