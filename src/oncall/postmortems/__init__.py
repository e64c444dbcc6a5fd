"""What we learned and promised to fix: postmortems drafted from timelines, and the action items in them.

Promises: a draft says nothing that the timeline does not; every version is kept; what is promised is asked for until it is done or dropped.
May touch: postmortems, their versions and templates, action items; reads incidents, timelines and notifications.
"""
