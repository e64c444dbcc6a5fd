"""Every SQL statement about services, integrations and their keys."""
