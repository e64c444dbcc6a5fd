"""What must not page right now: silences, maintenance windows.

Promises: they mute pages, never records; what they hold is looked at again when the first of them ends, and at once when one of them is
changed; whether something is muted follows from matchers, windows and `now` alone. May touch: its own settings; services to name them.
"""
