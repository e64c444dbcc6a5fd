"""Quiet hours: at low urgency a step waits for the first of those whom it would page (`semantics.md` §5). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from oncall.contacts.rules import quiet_until
from oncall.contacts.values import Reach, Urgency
from oncall.escalation.values import Advance, People, PlannedPage
from oncall.kit.ids import UserId
from oncall.kit.zones import mono, to_seconds, to_wall


@dataclass(frozen=True, slots=True)
class Quiet:
    """Everybody whom a step would page has quiet hours, and nobody is paged before the first of these end."""

    reason: str
    until: datetime


def quiet_of(pages: Sequence[PlannedPage], people: People, urgency: Urgency, *, now: datetime) -> Quiet | None:
    """What holds these pages; None if somebody among them may be paged now, who then is."""
    ends: list[tuple[datetime, Reach]] = []
    for page in pages:
        reach = people.reach.get(page.user_id)
        until = quiet_until(reach, urgency, now) if reach is not None else None
        if reach is None or until is None:
            return None
        ends.append((until, reach))
    if not ends:
        return None
    until, first = min(ends, key=lambda end: end[0])
    others = f"; those of {len(ends) - 1} more end no earlier" if len(ends) > 1 else ""
    return Quiet(f"quiet hours of {first.name} until {_clock(until, first)}{others}", until)


def sparing(then: Advance, people: People, urgency: Urgency, *, now: datetime) -> Advance:
    """A step that pages somebody: whoever of it has quiet hours still gets their messages when these end, unless it is over by then."""
    return replace(then, pages=tuple(spared(page, people, urgency, now=now) for page in then.pages))


def spared(page: PlannedPage, people: People, urgency: Urgency, *, now: datetime) -> PlannedPage:
    """With what holds its messages, if its person has quiet hours."""
    held = held_by(page.user_id, people, urgency, now=now)
    return replace(page, reason=f"{page.reason}; {held}", may_bundle=True) if held is not None else page


def held_by(user: UserId, people: People, urgency: Urgency, *, now: datetime) -> str | None:
    """What a person gets at this urgency is sent when their quiet hours end; None if they have none now."""
    reach = people.reach.get(user)
    until = quiet_until(reach, urgency, now) if reach is not None else None
    return f"held by their quiet hours until {_clock(until, reach)}" if reach is not None and until is not None else None


def _clock(at: datetime, reach: Reach) -> str:
    """As the person reads it."""
    return f"{to_wall(mono(to_seconds(at), reach.time_zone)):%H:%M} {reach.time_zone}"
