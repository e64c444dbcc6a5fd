"""Which incidents are the same thing again, and how long a delay would outlast them. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from oncall.kit.ids import ServiceId
from oncall.reports.values.trends import LONGEST_DELAY, Happened, Trend, Trends

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
    for one in happened:
        clusters[one.service_id, identity_of(one.dedup_key), one.category].append(one)
    found = [_trend(identity, its) for (_, identity, _), its in sorted(clusters.items(), key=lambda cluster: cluster[0])]
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


def delay_for(its: Sequence[Happened]) -> timedelta | None:
    """The shortest delay, in whole minutes, that outlasts nineteen in twenty of those that paged and went by themselves within half an
    hour; None if there are none.
    """
    short = sorted(one.lasted for one in its if one.no_action and one.pages and one.lasted < LONGEST_DELAY)
    if not short:
        return None
    return min((short[(95 * len(short) + 99) // 100 - 1] // MINUTE + 1) * MINUTE, LONGEST_DELAY)


def _trend(identity: str, its: Sequence[Happened]) -> Trend:
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
    )
