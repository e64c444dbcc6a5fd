"""Every monitor's words turned into our events.

Promises: 2xx only after the commit that holds the event; for a valid key content is never a reason to refuse; adapters are pure.
May touch: integration keys to know the sender; incidents to hand events over; no tables of its own.
"""
