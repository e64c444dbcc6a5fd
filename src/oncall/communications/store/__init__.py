"""SQL about what is told to everyone else."""
