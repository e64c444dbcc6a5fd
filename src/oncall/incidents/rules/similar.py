"""Which incidents are similar enough to be shown, and in which order. Pure."""

from collections.abc import Mapping, Sequence

from oncall.desk.values import Record
from oncall.incidents.rules.returning import OPEN
from oncall.incidents.values.similar import Alike, Similar
from oncall.kit.ids import IncidentId

LIKE_ENOUGH = 0.3
"""So much of the words of both titles is in both; less is chance."""


def ranked(found: Sequence[Alike], records: Mapping[IncidentId, Record], *, limit: int) -> list[Similar]:
    """The most alike first; of those that are as alike, the open ones, then the newest."""
    alike = [one for one in found if one.of and len(one.shared) / one.of >= LIKE_ENOUGH]
    alike.sort(key=lambda one: (len(one.shared) / one.of, one.incident.status in OPEN, one.incident.number), reverse=True)
    return [Similar(one.incident, round(len(one.shared) / one.of, 3), _reason(one), records.get(one.incident.id)) for one in alike[:limit]]


def _reason(one: Alike) -> str:
    return f"{len(one.shared)} of {one.of} words of both titles are the same: {', '.join(one.shared)}"
