"""What the service desk agreed on, and what it keeps of each incident.

Promises: what was agreed (categories, priorities, targets, hours) is one editable record each; a record says who reported what, why it has
its priority, what was promised, and how it ended. May touch: its own settings and records; nothing else, and it pages nobody.
"""
