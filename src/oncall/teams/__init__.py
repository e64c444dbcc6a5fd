"""People, and the teams they work in.

Promises: an e-mail address belongs to one person, an edit never overwrites one it has not seen, and nobody is deleted while
something still counts on them. May touch: users, teams and memberships.
"""
