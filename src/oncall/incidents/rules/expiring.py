"""Until when the word of a monitor holds. Pure; whether that is over is asked when somebody looks (`AlertSeen.is_stale`)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from oncall.incidents.values import Event

EARLIEST, LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def last_expiry(run: Sequence[Event]) -> datetime | None:
    """The last one that a run of triggers says; one that says none takes no other's away, and one that no calendar holds is none."""
    for event in reversed(run):
        if event.expires_at is not None and EARLIEST <= event.expires_at <= LATEST:
            return event.expires_at
    return None
