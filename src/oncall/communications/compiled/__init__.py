"""What a node keeps in memory of what is told: who listens."""
