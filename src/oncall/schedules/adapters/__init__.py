"""Formats of others: calendars in and out. Each file wraps one library; nothing here knows the database."""
