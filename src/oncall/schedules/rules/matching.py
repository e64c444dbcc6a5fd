"""Whom a line of somebody else's calendar means, by e-mail address or by name; and what an imported calendar makes of a layer. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from oncall.kit.ids import UserId
from oncall.schedules.values import AuthoredUnavailability, ShiftDefinition
from oncall.schedules.values.calendars import Busy

MOST_NOTES = 20


@dataclass(frozen=True, slots=True)
class Known:
    """Everybody who can be meant: address and name in lower case; a name that two people have means nobody."""

    by_email: Mapping[str, UserId]
    by_name: Mapping[str, UserId]


def known_people(people: Iterable[tuple[UserId, str, str]]) -> Known:
    """From (id, name, e-mail)."""
    by_name: dict[str, UserId] = {}
    twice: set[str] = set()
    by_email: dict[str, UserId] = {}
    for user, name, email in people:
        by_email[email.casefold()] = user
        key = " ".join(name.casefold().split())
        if by_name.setdefault(key, user) != user:
            twice.add(key)
    return Known(by_email, {name: user for name, user in by_name.items() if name not in twice})


def people_in(busy: Busy, known: Known) -> tuple[UserId, ...]:
    """Those who are invited, else those whose whole name stands in the summary; nobody if nobody is known by these words."""
    invited = [known.by_email.get(one.casefold()) or known.by_name.get(" ".join(one.casefold().split())) for one in busy.people]
    if found := tuple(dict.fromkeys(user for user in invited if user is not None)):
        return found
    summary = " ".join(busy.summary.casefold().split())
    named = sorted(
        (name for name in known.by_name if name and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", summary)), key=len, reverse=True
    )
    # Of "Ana Maria" and "Ana" in one place the longer is meant.
    chosen: list[str] = []
    for name in named:
        if not any(name in longer for longer in chosen):
            chosen.append(name)
    return tuple(known.by_name[name] for name in sorted(chosen, key=summary.index))


def shifts_in(busy: Sequence[Busy], known: Known) -> tuple[tuple[ShiftDefinition, ...], tuple[str, ...]]:
    """Fixed shifts, and a sentence for each event that means nobody we know: nobody is on call then because of it."""
    shifts: list[ShiftDefinition] = []
    notes: dict[str, None] = {}
    for one in busy:
        users = people_in(one, known)
        if users:
            shifts.append(ShiftDefinition(one.start, one.end, users))
        else:
            notes[f"“{one.summary[:80]}” names nobody we know by e-mail address or name."] = None
    return tuple(shifts), shortened(tuple(notes))


def shortened(notes: Sequence[str]) -> tuple[str, ...]:
    """The first of them, and how many more there are."""
    more = len(notes) - MOST_NOTES
    return tuple(notes[:MOST_NOTES]) + ((f"… and {more} more.",) if more > 0 else ())


def difference(
    kept: Sequence[AuthoredUnavailability], busy: Sequence[Busy], *, now: datetime
) -> tuple[list[AuthoredUnavailability], list[Busy]]:
    """Which of the kept spans the calendar does not have any more, and what is new in it. What is running may have begun before."""

    def key(uid: str | None, start: datetime, end: datetime) -> tuple[str | None, datetime, datetime]:
        return uid, max(start, now), end

    wanted = {key(one.uid, one.start, one.end): one for one in busy if one.end > now}
    there = {key(one.uid, one.start, one.end): one for one in kept}
    return [one for k, one in there.items() if k not in wanted], [one for k, one in wanted.items() if k not in there]
