"""What we tell everyone else: updates, rooms, bridges.

Promises: a public page shows what somebody published and nothing else; nobody outside is written to who has not asked for it; nothing
of it ever holds up an event or a page. May touch: its own updates, templates, cadences, subscribers, deliveries and feeds; incidents
to see them; the timeline; notices for people; channels for addresses outside.
"""
