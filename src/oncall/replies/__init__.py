"""What people answer (SMS, keys, buttons, commands) turned into verbs.

Promises: nothing is believed that its provider has not signed; whoever answers acts as the person whose address it came from, by the
rules of the links; they are always told what came of it. May touch: its own codes and tries; incidents by their verbs.
"""
