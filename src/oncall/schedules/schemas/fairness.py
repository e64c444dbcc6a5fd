"""What the routes about fairness take and show."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import PlainSerializer, StringConstraints

from oncall.kit.http import Instant, Shown, Strict, iso_duration
from oncall.kit.ids import UserId
from oncall.kit.zones import to_instant
from oncall.schedules.schemas.answers import people_shown
from oncall.schedules.schemas.layers import WholeSecond
from oncall.schedules.values import Layer, LayerId
from oncall.schedules.values.fairness import Balance, Burden, Fairness, Kind, Proposal
from oncall.teams.schemas import Person

Country = Annotated[str, StringConstraints(max_length=40)]
Carried = Annotated[timedelta, PlainSerializer(iso_duration, return_type=str)]
"""Time on call: what was and what is to come together may be more than a year."""


class BalanceShown(Shown):
    """From 0 (all on one) to 1 (the same for everybody)."""

    total: float
    hours: float
    nights: float
    weekends: float
    holidays: float

    @classmethod
    def of(cls, balance: Balance) -> Self:
        scores = {kind.value: round(balance.scores[kind], 4) for kind in Kind}
        return cls(total=round(balance.total, 4), **scores)


class BurdenShown(Shown):
    """Time on call, and how much of it at night (22:00 to 06:00), at weekends and on public holidays, on the person's own clock."""

    hours: Carried
    nights: Carried
    weekends: Carried
    holidays: Carried

    @classmethod
    def of(cls, burden: Burden) -> Self:
        spans = {kind.value: timedelta(seconds=burden.of(kind)) for kind in Kind}
        return cls(**spans)


class ShareShown(BurdenShown):
    user: Person
    shifts: int
    longest_shift: Carried
    part: float


class FairnessShown(Shown):
    """What everybody carried, how equal it is, and the worst imbalances in words."""

    since: Instant
    until: Instant
    people: list[ShareShown]
    balance: BalanceShown
    imbalances: list[str]
    uncovered: Carried

    @classmethod
    def of(cls, fairness: Fairness, uncovered: int, names: Mapping[UserId, str], *, since: datetime, until: datetime) -> Self:
        return cls(
            since=since,
            until=until,
            people=[
                ShareShown(
                    user=people_shown([share.user], names)[0],
                    shifts=share.shifts,
                    longest_shift=timedelta(seconds=share.longest),
                    part=round(share.part, 4),
                    **{kind.value: timedelta(seconds=share.burden.of(kind)) for kind in Kind},
                )
                for share in fairness.shares
            ],
            balance=BalanceShown.of(fairness.balance),
            imbalances=list(fairness.imbalances),
            uncovered=timedelta(seconds=uncovered),
        )


class ProposalIn(Strict):
    """For the coming turns of a layer (needed where the schedule has several rotations) until `until`; `country` (two letters) and
    `subdivision` say whose public holidays count."""

    layer_id: LayerId | None = None
    until: WholeSecond
    country: Country | None = None
    subdivision: Country | None = None


class TurnShown(Shown):
    """Who might have this turn, and why; nobody where everybody is unavailable."""

    start: Instant
    end: Instant
    user: Person | None
    reason: str


class LoadShown(BurdenShown):
    user: Person


class ProposalShown(Shown):
    """Nothing was written. `participants` is the order of a rotation that does the same, where there is one; else make overrides or a
    temporary schedule of the turns. `people` have what they carried in the last half year and would carry in these turns."""

    layer_id: LayerId
    turns: list[TurnShown]
    participants: list[Person] | None
    people: list[LoadShown]
    before: BalanceShown
    after: BalanceShown

    @classmethod
    def of(cls, layer: Layer, proposal: Proposal, names: Mapping[UserId, str]) -> Self:
        return cls(
            layer_id=layer.id,
            turns=[
                TurnShown(
                    start=to_instant(one.start),
                    end=to_instant(one.end),
                    user=people_shown([one.user], names)[0] if one.user else None,
                    reason=one.reason,
                )
                for one in proposal.assignments
            ],
            participants=None if proposal.rotation is None else people_shown(proposal.rotation, names),
            people=[
                LoadShown(user=people_shown([user], names)[0], **{kind.value: timedelta(seconds=burden.of(kind)) for kind in Kind})
                for user, burden in proposal.burdens.items()
            ],
            before=BalanceShown.of(proposal.before),
            after=BalanceShown.of(proposal.after),
        )
