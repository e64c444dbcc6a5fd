"""Pages for people: incidents, schedules, the acknowledge link.

Promises: a GET changes nothing; no scripts, no cookies, nothing loaded from elsewhere; readable on a phone at 3 a.m. May touch:
commands of lower rooms.
"""
