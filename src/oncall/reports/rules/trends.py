"""Which incidents are the same thing again, and which delay would have spared people. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from oncall.kit.ids import ServiceId
from oncall.reports.values.trends import LONGEST_DELAY, REPLAYED, Happened, Proposal, Trend, Trends

OFTEN = 3
"""So often it came without needing anybody before that is said of it."""
MINUTE = timedelta(minutes=1)

# In this order: what is longer and more of its kind first, so that no part of it is taken for something else.
ALIKE = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), "<address>"),
    (re.compile(r"\b(?:[a-z0-9_-]+\.)+[a-z]{2,}\b", re.IGNORECASE), "<host>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\d+"), "<n>"),
)


def identity_of(dedup_key: str) -> str:
    """A dedup key without what tells one machine or one run from another: UUIDs and long hexadecimal words become `<id>`, IPv4 addresses
    `<address>`, names with dots `<host>`, and every other number `<n>`. So `disk:db-17.example.com:/dev/sda1` is
    `disk:<host>:/dev/sda<n>`.
    """
    for pattern, instead in ALIKE:
        dedup_key = pattern.sub(instead, dedup_key)
    return dedup_key


def trends_of(happened: Sequence[Happened], *, since: datetime, until: datetime, limit: int) -> Trends:
    """Clusters of at least two, the greatest first; of those that paged at night, whichever did it most; and of those that at least three
    times, and always, went by themselves, the loudest.
    """
    clusters: defaultdict[tuple[ServiceId, str, str], list[Happened]] = defaultdict(list)
    services: defaultdict[ServiceId, list[Happened]] = defaultdict(list)
    for one in happened:
        clusters[one.service_id, identity_of(one.dedup_key), one.category].append(one)
        services[one.service_id].append(one)
    found = [
        _trend(identity, its, services[service], since=since, until=until)
        for (service, identity, _), its in sorted(clusters.items(), key=lambda cluster: cluster[0])
    ]
    again = [one for one in found if one.incidents > 1]
    woke = [one for one in found if one.nights]
    needless = [one for one in found if one.incidents >= OFTEN and one.no_action == one.incidents]
    return Trends(
        since,
        until,
        sorted(again, key=lambda one: -one.incidents)[:limit],
        sorted(woke, key=lambda one: (-one.nights, -one.pages))[:limit],
        sorted(needless, key=lambda one: (-one.pages, -one.incidents))[:limit],
    )


def propose(its: Sequence[Happened], of_service: Sequence[Happened], *, since: datetime, until: datetime) -> Proposal | None:
    """The shortest delay, in whole minutes, that outlasts nineteen in twenty of those that went by themselves within half an hour; None
    if no page would have been saved in the part of the range that a replay can look at, its last 31 days.
    """
    since = max(since, until - REPLAYED)
    recent = [one for one in its if one.opened_at >= since]
    short = sorted(one.lasted for one in recent if one.no_action and one.lasted < LONGEST_DELAY)
    if not short:
        return None
    delay = min((short[(95 * len(short) + 99) // 100 - 1] // MINUTE + 1) * MINUTE, LONGEST_DELAY)
    critical = any(one.severity == "critical" for one in recent)
    touched = [one for one in of_service if one.opened_at >= since and (critical or one.severity != "critical")]
    # What went before its delay was over would have paged nobody; only what went by itself is known to go without a page.
    saved = [one for one in recent if one.no_action and one.lasted < delay]
    everywhere = [one for one in touched if one.no_action and one.lasted < delay]
    pages = sum(one.pages for one in saved)
    if not pages:
        return None
    later = sum(1 for one in touched if one.pages and not one.no_action)
    return Proposal(since, until, delay, critical, pages, sum(one.pages for one in everywhere), sum(one.nights for one in saved), later)


def _trend(identity: str, its: Sequence[Happened], of_service: Sequence[Happened], *, since: datetime, until: datetime) -> Trend:
    newest = max(its, key=lambda one: one.opened_at)
    mondays = Counter((one.opened_at.date() - timedelta(days=one.opened_at.weekday())).isoformat() for one in its)
    return Trend(
        newest.service_id,
        newest.service,
        identity,
        newest.category,
        newest.title,
        len(its),
        sum(one.no_action for one in its),
        sum(one.pages for one in its),
        sum(one.nights for one in its),
        sorted(mondays.items()),
        propose(its, of_service, since=since, until=until),
    )
