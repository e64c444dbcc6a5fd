"""What others write, read for windows."""
