"""What we tell, whom, and where it is shown."""
