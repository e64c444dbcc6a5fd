"""Every SQL statement about pages, notices, notifications and attempts."""
