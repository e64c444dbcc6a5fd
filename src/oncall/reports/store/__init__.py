"""Every SQL statement of reports."""
