"""What we tell other programs.

Promises: what happened to an incident and what is told of it commit together; each receiver hears of one incident in the order in which
things happened, at least once, for 48 hours; nothing of it ever holds up an event or a page. May touch: its own webhooks, deliveries
and attempts; the timeline to hear of entries; teams to know whose a webhook is.
"""
