"""What can be done with silences and maintenance windows."""
