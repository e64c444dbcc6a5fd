"""Formats of others: calendars in and out, public holidays. Each file wraps one library; nothing here knows the database."""
