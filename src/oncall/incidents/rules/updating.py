"""Which entries of a timeline are news to those who were paged, and in which words. Pure."""

from collections.abc import Sequence

from oncall.incidents.values import Status
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import IncidentId, UserId
from oncall.notifications.values.updating import News
from oncall.timeline.values import Entry, Kind

NEWS = {Kind.ACKNOWLEDGED, Kind.SNOOZED, Kind.RESOLVED, Kind.REOPENED, Kind.MERGED}
OVER = {Kind.RESOLVED, Kind.MERGED, Kind.CLOSED}
AGAIN = {Kind.UNACKNOWLEDGED, Kind.ACK_TIMEOUT, Kind.SNOOZE_ENDED, Kind.ESCALATED, Kind.REASSIGNED}
"""Then it pages again, which is all the news there is."""


def news_of(entries: Sequence[Entry]) -> list[News]:
    """The last of each incident."""
    latest = {entry.incident_id: entry for entry in entries if entry.kind in NEWS or _settled_as(entry) is Status.RESOLVED}
    return [News(id, _state(entry), _said(entry), entry.reason, _who(entry.actor)) for id, entry in latest.items()]


def triggered_again(entries: Sequence[Entry]) -> list[IncidentId]:
    """Of these nothing is true any more that was still to be said."""
    return [entry.incident_id for entry in entries if entry.kind in AGAIN or _settled_as(entry) is Status.TRIGGERED]


def over_by(entries: Sequence[Entry]) -> list[IncidentId]:
    """Those that nobody needs to join any more."""
    return [entry.incident_id for entry in entries if entry.kind in OVER or _settled_as(entry) is Status.RESOLVED]


def _settled_as(entry: Entry) -> Status | None:
    """What one has become that was flapping; None of any other."""
    return Status(f"{entry.detail['status']}") if entry.kind is Kind.SETTLED else None


def _state(entry: Entry) -> str:
    return Status.RESOLVED.value if entry.kind is Kind.SETTLED else entry.kind.value


def _said(entry: Entry) -> str:
    """As in "acknowledged by Ana", "resolved by monitor prometheus", "merged into #12"."""
    if entry.kind is Kind.MERGED:
        return f"merged into #{entry.detail['merged_into']}"
    match entry.actor.kind:
        case ActorKind.ENGINE:
            return _state(entry)
        case ActorKind.INTEGRATION:
            return f"{_state(entry)} by monitor {entry.actor.name}"
        case ActorKind.USER | ActorKind.API_KEY | ActorKind.EXTERNAL:
            return f"{_state(entry)} by {entry.actor.name}"


def _who(actor: Actor) -> UserId | None:
    return UserId(actor.id) if actor.kind is ActorKind.USER and actor.id else None
