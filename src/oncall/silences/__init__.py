"""What must not page right now: silences, maintenance windows, inhibition.

Promises: it mutes pages and never records; whether something is muted follows from the settings and `now` alone, with a reason a person
can read at 3 a.m.; whoever changes it wakes what it concerns in the same transaction. May touch: its own silences, windows and
inhibitions; services to know that they exist.
"""
