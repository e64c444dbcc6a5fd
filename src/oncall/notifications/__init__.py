"""Gets one message to one address, and remembers every try.

Promises: at least once, duplicates bounded by crashes and labelled; nothing is sent after what ended its cycle, but for what was on
the wire already; no transaction is open while sending; what was tried is sealed, and its ledger never rewritten. May touch: its own
pages, notices, notifications, attempts and ledger; channels; the timeline.
"""

from oncall.notifications.commands import (
    abandon,
    abandon_notices,
    cancel_for,
    find_heard,
    find_printed,
    list_for_incident,
    list_unfinished_of,
    page_people,
    revive_for,
    send_notices,
    was_paged_since,
)
from oncall.notifications.commands.receiving import receive
from oncall.notifications.commands.updating import tell_news
from oncall.notifications.values import NewNotice, NewPage, Subject
from oncall.notifications.values.updating import News

__all__ = [
    "NewNotice",
    "NewPage",
    "News",
    "Subject",
    "abandon",
    "abandon_notices",
    "cancel_for",
    "find_heard",
    "find_printed",
    "list_for_incident",
    "list_unfinished_of",
    "page_people",
    "receive",
    "revive_for",
    "send_notices",
    "tell_news",
    "was_paged_since",
]
