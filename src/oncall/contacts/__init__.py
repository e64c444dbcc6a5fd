"""How each person wants to be reached.

Promises: every plan has its reason and is never silence, and an address nobody has verified is never paged. May touch: contact
methods and notification rules.
"""
