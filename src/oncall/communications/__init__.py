"""What we tell everyone else: updates, rooms, bridges.

Promises: what is said in a room has one order, which every listener hears, each message once; nobody waits for a room to page, and
nothing that is told to others holds up an event or a page. May touch: its own rooms, messages, bridges and mirrors; the timeline, to
follow it and to write there what was said; incidents, to ask people to join.
"""
