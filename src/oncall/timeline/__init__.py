"""What happened to each incident, append only.

Promises: every decision is here with its reason, verbatim, in the order it happened; nothing is ever changed or deleted.
"""

from oncall.timeline.commands import add, follow, list_around, list_entries, listen, tell_entries_to
from oncall.timeline.values import Entry, Kind, Recorded

__all__ = ["Entry", "Kind", "Recorded", "add", "follow", "list_around", "list_entries", "listen", "tell_entries_to"]
