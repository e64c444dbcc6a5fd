"""Which incidents are similar enough to be shown, and in which order. Pure."""

from collections.abc import Mapping, Sequence

from oncall.desk.values import Record
from oncall.incidents.rules.returning import OPEN
from oncall.incidents.values.similar import Alike, Known, Similar
from oncall.kit.ids import IncidentId

LIKE_ENOUGH = 0.3
"""So much of the words of both titles is in both; less is chance."""
KNOWN_ERROR = "known_error"
MOST_HELPS = 3
LIKELY = 0.5
"""A quarter of the words, at least, of what is known of the same service."""


def ranked(found: Sequence[Alike], records: Mapping[IncidentId, Record], *, limit: int) -> list[Similar]:
    """The most alike first; of those that are as alike, the open ones, then the newest."""
    alike = [one for one in found if one.of and len(one.shared) / one.of >= LIKE_ENOUGH]
    alike.sort(key=lambda one: (len(one.shared) / one.of, one.incident.status in OPEN, one.incident.number), reverse=True)
    return [Similar(one.incident, round(len(one.shared) / one.of, 3), _reason(one), records.get(one.incident.id)) for one in alike[:limit]]


def that_help(problems: Sequence[Known], *, limit: int = MOST_HELPS) -> list[Known]:
    """Of what may be behind it, what whoever reported it may read: what helps until it is repaired, if it is
    known of this very service and likely.
    """
    return [one for one in problems if one.status == KNOWN_ERROR and one.of_service and one.score >= LIKELY][:limit]


def _reason(one: Alike) -> str:
    return f"{len(one.shared)} of {one.of} words of both titles are the same: {', '.join(one.shared)}"
