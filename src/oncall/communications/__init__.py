"""What we tell everyone else: updates, rooms, bridges.

Promises: a public page shows what somebody published and nothing else; nobody outside is written to who has not asked for it; what is
said in a room has one order, which every listener hears, each message once; nothing of it ever holds up an event or a page. May touch: its
own updates, subscribers, feeds, rooms, bridges and mirrors; the timeline, to follow it and to write there what was said; incidents, to see
them and to ask people to join; notices for people; channels for addresses outside.
"""
