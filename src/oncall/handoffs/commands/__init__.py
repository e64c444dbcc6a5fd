"""What can be done with swaps, and what the engine does when shifts begin and end."""
