"""Tools with no opinion about on-call: clock, database, ids, errors, settings, HTTP habits, zones, log."""
