"""The things that break, who owns them, the keys by which monitors report them; `/oncalls`.

Promises: an integration key is stored only as its hash; what is served from memory is at most a second old. May touch: its own
services and integrations; policies and schedules to answer who is on call.
"""
