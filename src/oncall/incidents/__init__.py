"""From event to closed: dedup, open, page, acknowledge, resolve, close.

Promises: an event that was answered has exactly one recorded decision; a triggered incident always has a next instant; every verb is
one conditional change that tells what it found. May touch: its own events, alerts and incidents; escalation, pages and timeline.
"""
