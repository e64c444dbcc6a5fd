"""Gets one message to one address, and remembers every try.

Promises: at least once, duplicates bounded by crashes and labelled; nothing is sent after what ended its cycle, but for what was on
the wire already; no transaction is open while sending. May touch: its own pages, notifications and attempts; channels; the timeline.
"""

from oncall.notifications.commands import cancel_for, list_for_incident, page_people
from oncall.notifications.values import NewPage, Subject

__all__ = ["NewPage", "Subject", "cancel_for", "list_for_incident", "page_people"]
