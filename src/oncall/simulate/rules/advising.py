"""Which changes of a service might have helped, and whether they would have: nothing that people acted on may have been missed. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise

from oncall.kit.ids import IncidentId
from oncall.reports.rules.trends import OFTEN, delay_for, identity_of
from oncall.reports.values.trends import Happened
from oncall.services.values import Service
from oncall.services.values.judging import Delay, Flapping, Grouping, GroupingType, Threshold
from oncall.silences.values.windows import Once, Window, WindowKind, WindowSettings
from oncall.simulate.values.advising import LATEST, Advice, Change, Rejected
from oncall.simulate.values.replaying import Compared, Outcome

MOST_DELAYS = 3
MOST_HOURS = 3
CLOSE = timedelta(minutes=10)
"""What opens no further apart than this may be one thing."""
SOON = timedelta(hours=1)
"""What is back no later than this may never have been gone."""
MINUTE = timedelta(minutes=1)

THRESHOLDS = ((2, 5 * MINUTE), (3, 10 * MINUTE), (3, 30 * MINUTE))
FLAPPINGS = (Flapping(3, SOON, 15 * MINUTE), Flapping(5, 2 * SOON, 30 * MINUTE))
GROUPINGS = (Grouping(GroupingType.WINDOW, window=CLOSE), Grouping(GroupingType.ALL))


def changes_of(service: Service, happened: Sequence[Happened], *, since: datetime) -> list[Change]:
    """Of the settings that judge events only such as are not set, or set to less, and only where what happened looks as if they could help:
    something paged, and went by itself.
    """
    needless = [one for one in happened if one.no_action and one.pages]
    if not needless:
        return []
    critical = any(one.severity == "critical" for one in needless)
    return [
        *_delays(service, needless, critical=critical),
        *_thresholds(service, critical=critical),
        *_for_what_comes_back(service, happened),
        *_groupings(service, happened),
        *_windows(service, needless, since=since),
    ]


def _delays(service: Service, needless: Sequence[Happened], *, critical: bool) -> Iterator[Change]:
    """What spares most first."""
    clusters: defaultdict[str, list[Happened]] = defaultdict(list)
    for one in needless:
        clusters[identity_of(one.dedup_key)].append(one)
    spared: defaultdict[timedelta, int] = defaultdict(int)
    for its in clusters.values():
        if (wait := delay_for(its)) is not None:
            spared[wait] += sum(one.pages for one in its)
    for wait in sorted(spared, key=lambda wait: (-spared[wait], wait))[:MOST_DELAYS]:
        if service.delay is None or service.delay.wait < wait:
            edited = replace(service, delay=Delay(wait, critical))
            yield Change("delay", edited, f"page only for what is still there after {_minutes(wait)}")


def _thresholds(service: Service, *, critical: bool) -> Iterator[Change]:
    if service.threshold is None:
        for count, within in THRESHOLDS:
            edited = replace(service, threshold=Threshold(count, within, critical))
            yield Change("threshold", edited, f"page only when {count} triggers came within {_minutes(within)}")


def _for_what_comes_back(service: Service, happened: Sequence[Happened]) -> Iterator[Change]:
    """Flapping is what an alert does while its incident can be reopened; without a reopen window there is no such thing."""
    if service.flapping is None and service.reopen_window and any(one.reopened for one in happened):
        for flapping in FLAPPINGS:
            said = f"what changed more than {flapping.changes} times within {_minutes(flapping.within)} flaps, and pages once"
            yield Change("flapping", replace(service, flapping=flapping), said)
    if service.reopen_window < SOON and _is_soon_back(happened):
        said = f"what comes back within {_minutes(SOON)} is the same incident"
        yield Change("reopen_window", replace(service, reopen_window=SOON), said)


def _is_soon_back(happened: Sequence[Happened]) -> bool:
    ended: dict[str, datetime] = {}
    for one in sorted(happened, key=lambda one: one.opened_at):
        if one.dedup_key in ended and one.opened_at - ended[one.dedup_key] <= SOON:
            return True
        ended[one.dedup_key] = one.opened_at + one.lasted
    return False


def _groupings(service: Service, happened: Sequence[Happened]) -> Iterator[Change]:
    opened = sorted(one.opened_at for one in happened)
    if service.grouping is not None or not any(later - earlier <= CLOSE for earlier, later in pairwise(opened)):
        return
    for grouping in GROUPINGS:
        said = f"what opens within {_minutes(grouping.window)} is one incident" if grouping.window else "all that is open is one incident"
        yield Change("grouping", replace(service, grouping=grouping), said)


def _windows(service: Service, needless: Sequence[Happened], *, since: datetime) -> Iterator[Change]:
    """The hours of the day in which most of it comes, on three days at least: three hours at most, as they are in UTC."""
    pages: Counter[int] = Counter()
    for one in needless:
        pages[one.opened_at.hour] += one.pages
    for hours in range(1, MOST_HOURS + 1):
        first = max(range(24), key=lambda hour: (sum(pages[(hour + n) % 24] for n in range(hours)), -hour))
        its = [one for one in needless if (one.opened_at.hour - first) % 24 < hours]
        if len({one.opened_at.date() for one in its}) >= OFTEN and 2 * sum(one.pages for one in its) >= pages.total():
            yield Change("maintenance_windows", service, *_daily(service, first, hours, since=since))
            return


def _daily(service: Service, first: int, hours: int, *, since: datetime) -> tuple[str, WindowSettings]:
    said = f"hold every day from {first:02}:00 to {(first + hours) % 24:02}:00 UTC what goes by itself until then"
    starts_at = datetime.combine(since.date() - timedelta(days=1), time(first))
    settings = WindowSettings(
        WindowKind.MAINTENANCE,
        f"{service.name}: daily from {first:02}:00"[:200],
        "",
        (service.id,),
        (),
        starts_at,
        None,
        "FREQ=DAILY",
        "UTC",
        timedelta(hours=hours),
        None,
        confirmed=False,
    )
    return said, settings


def settings_of(window: Window) -> WindowSettings:
    """A window that there is, as somebody would propose it."""
    plan = window.plan
    once, recurring = (plan, None) if isinstance(plan, Once) else (None, plan)
    return WindowSettings(
        window.kind,
        window.name,
        window.description,
        window.service_ids,
        window.matchers,
        plan.starts_at,
        once.ends_at if once else None,
        recurring.rrule if recurring else None,
        recurring.time_zone if recurring else None,
        recurring.duration if recurring else None,
        recurring.until if recurring else None,
        confirmed=not window.service_ids and not window.matchers,
        public=window.public,
    )


def judge(change: Change, found: Compared, acted: Collection[IncidentId], numbers: Mapping[IncidentId, int]) -> Advice | Rejected:
    """Never one by which somebody would not have been paged, or much later, for what was acted on; nor one that spares no page, or makes
    as many others.
    """
    later, latest = 0, timedelta(0)
    for difference in found.differences:
        for was in difference.before:
            if was.id not in acted or not was.pages:
                continue
            wait = _wait(was, difference.after)
            if wait is None:
                return Rejected(change, f"nobody would have been paged in time for #{numbers.get(was.id, '?')}, which somebody acted on")
            if wait > timedelta(0):
                later, latest = later + 1, max(latest, wait)
    if not found.saved:
        return Rejected(change, "it would have saved no page")
    if found.missed >= found.saved:
        return Rejected(change, f"it would have saved {found.saved} pages and made {found.missed} others")
    return Advice(change, found.saved, found.missed, later, latest)


def best_first(advice: Sequence[Advice]) -> list[Advice]:
    return sorted(advice, key=lambda one: (one.missed - one.saved, one.later, one.latest))


def _wait(was: Outcome, after: Sequence[Outcome]) -> timedelta | None:
    """How much later than it was somebody would have been paged; None: never, or too late. A page from long before it opened is for
    something else.
    """
    first = min(paged.at for paged in was.pages)
    pages = [paged.at for one in after for paged in one.pages if was.opened_at - CLOSE <= paged.at <= first + LATEST]
    return max(min(pages) - first, timedelta(0)) if pages else None


def _minutes(length: timedelta) -> str:
    count = length // MINUTE
    return f"{count} minutes" if count != 1 else "a minute"
