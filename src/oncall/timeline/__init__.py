"""What happened to each incident, append only.

Promises: every decision is here with its reason, verbatim, in the order it happened; nothing is ever changed or deleted.
"""

from oncall.timeline.commands import (
    add,
    can_go_on,
    follow,
    list_around,
    list_committed,
    list_entries,
    listen,
    newest_place,
    tell_entries_to,
)
from oncall.timeline.values import Committed, Entry, Kind, Place, Recorded

__all__ = [
    "Committed",
    "Entry",
    "Kind",
    "Place",
    "Recorded",
    "add",
    "can_go_on",
    "follow",
    "list_around",
    "list_committed",
    "list_entries",
    "listen",
    "newest_place",
    "tell_entries_to",
]
