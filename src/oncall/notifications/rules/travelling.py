"""When a page goes, and with which others (`semantics.md` §5). Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from oncall.kit.ids import IncidentId, PageId, UserId
from oncall.notifications.values import Claimed, NewPage, Page
from oncall.notifications.values.travelling import (
    AT_ONCE_IN_A_MINUTE,
    LONGEST_WAIT,
    MOST_TOGETHER,
    NOTHING_LATELY,
    STORM,
    STORM_ABOVE,
    Lately,
    Pace,
    Printed,
    Travel,
)

NOW = timedelta(0)
GRAVITY = ("info", "warning", "unknown", "error", "critical")


def plan_travels(pages: Mapping[PageId, NewPage], lately: Mapping[tuple[UserId, str], Lately], *, now: datetime) -> dict[PageId, Travel]:
    """How each of these pages goes, one after the other: those before it count for those behind it.

    At once and by itself: the first page of a service to a person, and every escalated, risen or re-triggered one. Others may wait up to
    a minute and travel as one message. In a storm: the list now, then one each five minutes; what is escalated, and a new critical, at
    once, together with what else goes at that moment. High and low urgency are other messages, and neither waits for the other.
    """
    told: dict[tuple[UserId, str], _Told] = {}
    travels = {}
    for id, page in pages.items():
        user, urgency = page.user_id, page.subject.urgency
        if (user, urgency) not in told:
            told[user, urgency] = _Told(lately.get((user, urgency), NOTHING_LATELY), now=now)
        person = told[user, urgency]
        travels[id] = person.decide(page)
        person.note(page, travels[id])
    return travels


class _Told:
    """What one person was told lately at one urgency, kept in counts: a set may hold a thousand pages to the same person."""

    def __init__(self, lately: Lately, *, now: datetime) -> None:
        self._now = now
        self._incidents, self._these, self._services = lately.incidents, set(lately.these), set(lately.services)
        self._in_a_minute, self._slot, self._list = lately.in_a_minute, lately.last_alone_at, lately.last_list_at

    def decide(self, page: NewPage) -> Travel:
        if page.directly:
            return Travel(Pace.AT_ONCE, NOW, "at once, since somebody pages them directly")
        incidents = self._incidents + (page.incident_id not in self._these)
        is_first = (page.cycle, page.round, page.step) == (1, 1, 0)
        if incidents > STORM_ABOVE:
            return self._in_a_storm(page, f"storm: {incidents} incidents in {STORM // timedelta(minutes=1)} minutes", is_first=is_first)
        if page.may_bundle:
            return Travel(Pace.WAITS, NOW, "with what else was put off until then")
        if not is_first:
            return Travel(Pace.AT_ONCE, NOW, "at once, since it was escalated, has risen or was triggered again")
        if page.subject.service not in self._services:
            return Travel(Pace.AT_ONCE, NOW, f"at once, since it is the first page about {page.subject.service}")
        if self._in_a_minute < AT_ONCE_IN_A_MINUTE:
            return Travel(Pace.AT_ONCE, NOW, f"at once, since there were fewer than {AT_ONCE_IN_A_MINUTE} within a minute before it")
        wait = min(self._slot + (NOW if self._slot > self._now else LONGEST_WAIT) - self._now, LONGEST_WAIT) if self._slot else LONGEST_WAIT
        reason = f"waits {_seconds(wait)}, to travel with others: there were {self._in_a_minute} pages within a minute before it"
        return Travel(Pace.WAITS, wait, reason)

    def _in_a_storm(self, page: NewPage, storm: str, *, is_first: bool) -> Travel:
        if not is_first:
            return Travel(Pace.STORM_AT_ONCE, NOW, f"{storm}; at once, since it was escalated, has risen or was triggered again")
        if page.subject.severity == "critical":
            return Travel(Pace.STORM_CRITICAL, NOW, f"{storm}; at once, since it is a new critical one")
        if self._list is None or self._list + STORM <= self._now or self._list == self._now:
            return Travel(Pace.DIGEST, NOW, f"{storm}; the list of them goes now")
        next_list = self._list if self._list > self._now else self._list + STORM
        wait = next_list - self._now
        return Travel(Pace.DIGEST, wait, f"{storm}; waits {_seconds(wait)} for the next list, one each five minutes")

    def note(self, page: NewPage, travel: Travel) -> None:
        self._incidents += page.incident_id not in self._these
        self._these.add(page.incident_id)
        self._services.add(page.subject.service)
        goes_at = self._now + travel.wait
        if travel.pace is Pace.DIGEST:
            self._list = goes_at
            return
        self._slot = max(goes_at, self._slot or goes_at)
        if not travel.wait:
            self._in_a_minute += 1


def put_together(claimed: Sequence[Claimed]) -> list[tuple[Claimed, ...]]:
    """What becomes one message: what may travel together to one address, at most so many; everything else goes by itself.

    The first of each carries the others: the one that was made first, so that a repeat carries the same id.
    """
    alone: list[tuple[Claimed, ...]] = []
    groups: defaultdict[tuple[UUID, str, str], list[Claimed]] = defaultdict(list)
    for one in claimed:
        if isinstance(one.about, Page) and one.together:
            groups[one.contact_method_id, one.address, one.about.subject.urgency].append(one)
        else:
            alone.append((one,))
    for its in groups.values():
        its.sort(key=lambda one: one.id.bytes)
        alone += [tuple(its[at : at + MOST_TOGETHER]) for at in range(0, len(its), MOST_TOGETHER)]
    return alone


def printed(pages: Sequence[Page]) -> list[Page]:
    """The list of a message: each incident once, as of the latest step that is told of, in the order it was triggered."""
    latest: dict[IncidentId, Page] = {}
    for page in pages:
        there = latest.get(page.step.incident_id)
        if there is None or _position(page) > _position(there):
            latest[page.step.incident_id] = page
    return sorted(latest.values(), key=lambda page: (page.subject.triggered_at, page.subject.number))


def _position(page: Page) -> tuple[int, int, int]:
    return page.step.cycle, page.step.round, page.step.step


def as_printed(pages: Sequence[Page]) -> list[Printed]:
    """What the link of that message acts on, and on nothing else."""
    return [Printed(page.step.incident_id, page.step.cycle, page.step.round) for page in pages]


def headline(pages: Sequence[Page]) -> str:
    """ "7 incidents on db-01": what they have in common, the source if it is one, else the service."""
    sources = {page.subject.source for page in pages}
    services = {page.subject.service for page in pages}
    if len(sources) == 1 and "" not in sources:
        where = sources.pop()
    else:
        where = services.pop() if len(services) == 1 else f"{len(services)} services"
    return f"{len(pages)} incidents on {where}"


def gravest(pages: Sequence[Page]) -> str:
    """How bad the worst of them is: the message begins with it, as that of one incident does."""
    return max((page.subject.severity for page in pages), key=GRAVITY.index)


def _seconds(time: timedelta) -> str:
    return f"{max(1, round(time.total_seconds()))} s"
