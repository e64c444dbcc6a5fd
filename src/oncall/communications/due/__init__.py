"""What time makes due here."""
