"""Whom a line of somebody else's calendar means, by e-mail address or by name; and what an imported calendar makes of a layer. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from oncall.kit.ids import UserId
from oncall.schedules.values import AuthoredUnavailability, ShiftDefinition
from oncall.schedules.values.calendars import Busy

MOST_NOTES = 20
EARLIEST, LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""No instant outside of this can be shown over REST."""
BETWEEN = re.compile(r"[\s,;:/|&()<>\[\]\"“”]+")
WORD = re.compile(r"\w+")
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Everybody who can be meant: by address in lower case, and by the words of their name, of which `longest` has the most.

    A name that two people have means nobody: None.
    """

    by_email: Mapping[str, UserId]
    by_name: Mapping[Words, UserId | None]
    longest: int


def known_people(people: Iterable[tuple[UserId, str, str]]) -> Known:
    """From (id, name, e-mail)."""
    by_name: dict[Words, UserId | None] = {}
    by_email: dict[str, UserId] = {}
    for user, name, email in people:
        by_email[email.casefold()] = user
        if words := words_of(name):
            by_name[words] = user if by_name.get(words, user) == user else None
    return Known(by_email, by_name, max(map(len, by_name), default=0))


def words_of(text: str) -> Words:
    """In lower case and without punctuation; an address is one word."""
    plain = unicodedata.normalize("NFC", text).casefold()
    return tuple(word for part in BETWEEN.split(plain) for word in ([part.strip(".")] if "@" in part else WORD.findall(part)))


def people_in(busy: Busy, known: Known) -> tuple[UserId, ...]:
    """Those who are invited, else those whose address or whole name stands in the summary; nobody if nobody is known by these words."""
    # Where nobody is invited, `people` are single words of the summary, which say less than the summary does.
    invited = () if words_of(" ".join(busy.people)) == words_of(busy.summary) else busy.people
    found = dict.fromkeys(known.by_email.get(one.casefold()) or known.by_name.get(words_of(one)) for one in invited)
    return tuple(user for user in found if user is not None) or tuple(dict.fromkeys(_named_in(busy.summary, known)))


def _named_in(summary: str, known: Known) -> Iterator[UserId]:
    """Of "Ana Maria" and "Ana" in one place the longer is meant, even where it means nobody."""
    words, place = words_of(summary), 0
    while place < len(words):
        lengths = range(min(known.longest, len(words) - place), 0, -1)
        length = next((n for n in lengths if words[place : place + n] in known.by_name), 1)
        user = known.by_name.get(words[place : place + length]) or known.by_email.get(words[place])
        if user is not None:
            yield user
        place += length


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
    return tuple(shifts), tuple(notes)


def cut(busy: Iterable[Busy]) -> tuple[Busy, ...]:
    """What has been for ages, or goes on for ever, as far as it can be shown."""
    reached = (replace(one, start=max(one.start, EARLIEST), end=min(one.end, LATEST)) for one in busy)
    return tuple(one for one in reached if one.start < one.end)


def same_between(kept: Iterable[ShiftDefinition], said: Iterable[ShiftDefinition], since: datetime, until: datetime) -> bool:
    """Whether they say the same of `[since, until)`, in whatever order: a calendar that is read again has lost what is over, and reaches a
    little farther."""
    before, after = (
        sorted((one.start, one.end, one.user_ids) for one in shifts if one.start < until and one.end > since) for shifts in (kept, said)
    )
    return before == after


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
