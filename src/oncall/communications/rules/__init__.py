"""What may be told, and when it is due. Pure."""
