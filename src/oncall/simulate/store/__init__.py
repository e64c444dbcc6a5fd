"""Read-only questions about the tables of lower rooms."""
