"""What can be wrong."""

from dataclasses import dataclass
from datetime import timedelta

from oncall.notifications.values import Link

OVERDUE = timedelta(seconds=60)
"""A due row this old means that nobody is doing the work."""

LATELY = timedelta(hours=1)
"""A refused credential counts until a message of its channel gets through, at most this long."""

SENTENCES = {
    "no_next_at": "triggered incidents have no next action: please report this, it must not happen",
    "incidents_overdue": "incidents have been due for over a minute: is an engine running?",
    "notifications_overdue": "notifications have been due for over a minute: is an engine running?",
    "exhausted": "incidents went through their whole policy and nobody acknowledged",
    "unroutable": "incidents cannot reach anybody: check schedules and contact methods",
    "failing": "incidents could not be handled and are tried again: see their timeline",
    "daily_cap": "channels have used up what may be spent today, and pages went by other ways: raise ONCALL_…_DAILY_CAP",
    "bad_credential": "channels were refused by their provider: check user name, password or key",
}
"""Every reason there is, with the words that follow its count."""


UNREACHABLE_ON_CALL = "unreachable_on_call"
UNREACHABLE_SENTENCE = "people who are on call now get no page, or none of low urgency"

WEBHOOKS_DISABLED = "webhooks_disabled"
WEBHOOKS_SENTENCE = "webhooks were disabled because nothing could be delivered: see off_because of each, put it right and switch it on"


@dataclass(frozen=True, slots=True)
class Yellow:
    """What somebody must do something about, or a page may not arrive, or programs are told nothing; the pager itself does its work."""

    reason: str
    count: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Red:
    """One reason why the pager is not healthy: how many rows it concerns, and a sentence for the operator."""

    reason: str
    count: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must never be, by the name of what it breaks, in a sentence that names the row."""

    invariant: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything an audit found, and the end of the ledger of deliveries: kept elsewhere, it shows later whether that was cut off."""

    faults: tuple[Fault, ...]
    end: Link
