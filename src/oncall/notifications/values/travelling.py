"""When a page goes, and with which others: at once, or within a minute in one message; in a storm as a list."""

from datetime import datetime, timedelta
from enum import StrEnum

from oncall.kit.ids import IncidentId
from oncall.kit.quick import dataclass

AT_ONCE_IN_A_MINUTE = 3
"""Pages to one person that go at once within `LONGEST_WAIT`; what comes on top may wait, and travels as one message."""

LONGEST_WAIT = timedelta(seconds=60)

STORM_ABOVE = 10
"""More incidents than this within `STORM` to one person are a storm."""

STORM = timedelta(minutes=5)
"""Also how long it is from one list to the next, and from one call to the next."""

LOOKED_BACK = 2 * STORM
"""A list that is planned was so at most one storm ago, and goes one later."""

MOST_LOOKED_AT = 200
"""Of the pages to one person lately, the newest: enough to know a storm."""

MOST_TOGETHER = 50
"""Incidents in one message: it is read on a phone. The next message has the others."""


class Pace(StrEnum):
    """How a page goes."""

    AT_ONCE = "at_once"
    WAITS = "waits"
    DIGEST = "digest"
    STORM_AT_ONCE = "storm_at_once"
    STORM_CRITICAL = "storm_critical"


@dataclass(frozen=True, slots=True)
class Travel:
    """Its messages go so much later than planned; `together`: with whatever goes to the same address then."""

    pace: Pace
    wait: timedelta
    reason: str

    @property
    def together(self) -> bool:
        return self.pace is not Pace.AT_ONCE


@dataclass(frozen=True, slots=True)
class Lately:
    """What one person was paged for lately at one urgency, summed up."""

    incidents: int
    these: frozenset[IncidentId]
    """Those among them that they are to be paged for now."""

    services: frozenset[str]
    """All three of the pages that were made within `STORM`."""

    in_a_minute: int
    """How many went by themselves within `LONGEST_WAIT`."""

    last_alone_at: datetime | None
    """When the last of those that are in no list went, or goes."""

    last_list_at: datetime | None


NOTHING_LATELY = Lately(0, frozenset(), frozenset(), 0, None, None)


@dataclass(frozen=True, slots=True)
class Printed:
    """An incident in the list of a message, as of the cycle and round it was paged in."""

    incident_id: IncidentId
    cycle: int
    round: int
