"""Every SQL statement about what was agreed on, and about the records of incidents."""
