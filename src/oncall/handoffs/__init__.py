"""Tells people that their shift begins or ends, and of swaps.

Promises: who is on call is asked of `schedules`, never worked out here; a swap that is taken becomes overrides, and nothing else does;
each notice is sent once, by the person's own preference, late rather than never while its shift still runs.
"""
