"""What each person carries of an on-call rotation, how evenly that is shared out, and who might take the coming turns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import assert_never

from oncall.kit.ids import UserId


class Kind(StrEnum):
    """What of the time on call is compared; a second on a Saturday night counts among the nights and among the weekends."""

    HOURS = "hours"
    NIGHTS = "nights"
    WEEKENDS = "weekends"
    HOLIDAYS = "holidays"


@dataclass(frozen=True, slots=True)
class Burden:
    """Seconds on call, and how many of them fall in nights, weekends and public holidays."""

    seconds: int = 0
    nights: int = 0
    weekends: int = 0
    holidays: int = 0

    def of(self, kind: Kind) -> int:
        match kind:
            case Kind.HOURS:
                return self.seconds
            case Kind.NIGHTS:
                return self.nights
            case Kind.WEEKENDS:
                return self.weekends
            case Kind.HOLIDAYS:
                return self.holidays
            case _:
                assert_never(kind)


@dataclass(frozen=True, slots=True)
class Weights:
    """What a second at night, at a weekend, on a public holiday counts on top of the one that it is.

    With the defaults a night counts double, and so does a weekend; a public holiday counts threefold, a night at a weekend too.
    """

    night: int = 1
    weekend: int = 1
    holiday: int = 2


USUAL_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Person:
    """Who takes part: their nights, weekends and public holidays (dates) are those of their own zone."""

    name: str
    zone: str
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Share:
    """What one person carried: `shifts` counts unbroken stretches, `longest` is the longest in seconds, `part` lies between 0 and 1."""

    user: UserId
    burden: Burden
    shifts: int
    longest: int
    part: float


@dataclass(frozen=True, slots=True)
class Balance:
    """How equal it is, from 0 (all on one) to 1 (the same for everybody), by kind and in total."""

    scores: Mapping[Kind, float]
    total: float


@dataclass(frozen=True, slots=True)
class Fairness:
    """Everybody's share in the order of the people given, the balance, and the worst imbalances in sentences, worst first."""

    shares: tuple[Share, ...]
    balance: Balance
    imbalances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who might have the turn `[start, end)` (None: nobody can), and why."""

    start: int
    end: int
    user: UserId | None
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Who might have each of the coming turns.

    `burdens` and `loads` (weighted seconds) are what each member will have carried then. `rotation` is the order of the members, where
    the turns simply go round: then a rotation says the same.
    """

    assignments: tuple[Assignment, ...]
    burdens: Mapping[UserId, Burden]
    loads: Mapping[UserId, int]
    before: Balance
    after: Balance
    rotation: tuple[UserId, ...] | None

    @property
    def empty(self) -> tuple[Assignment, ...]:
        """The turns that nobody can take."""
        return tuple(one for one in self.assignments if one.user is None)
