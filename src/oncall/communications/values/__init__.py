"""What is told to everyone else."""
