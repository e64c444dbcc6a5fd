"""What can be done to tell everyone else."""
