"""What is told to everyone else, whom, and where it is shown."""
