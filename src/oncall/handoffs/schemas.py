"""What the routes about swaps and handoff notices take and show."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from oncall.handoffs.values import LONGEST_NOTICE, Preference, Swap, SwapId, SwapKind, SwapStatus
from oncall.kit.http import Duration, Instant, Shown, Strict
from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.schemas.layers import WholeSecond
from oncall.schedules.schemas.overrides import Reason
from oncall.schedules.schemas.schedules import AdviceShown
from oncall.schedules.values import OverrideId
from oncall.teams.schemas import Person

Names = dict[UserId, str]


class SpanShape(Strict, from_attributes=True):
    start: WholeSecond
    end: WholeSecond


class SwapIn(Strict):
    """`offer`: `user_id` (default: whoever the key belongs to) gives `start` to `end` away, to `with_user_id` or to whoever takes it.
    `ask`: they ask for these hours of `with_user_id`. `in_return` are hours of the taker that the giver takes. `take_now`: at once."""

    kind: SwapKind
    start: WholeSecond
    end: WholeSecond
    user_id: UserId | None = None
    with_user_id: UserId | None = None
    in_return: SpanShape | None = None
    note: Reason = ""
    take_now: bool = False


class ActIn(Strict):
    """For whom, if not for the person the key belongs to: an admin, or a manager of the schedule's team, may say so."""

    user_id: UserId | None = None


class AcceptIn(ActIn):
    """All of it, or the part from `start` to `end`: the rest stays open."""

    start: WholeSecond | None = None
    end: WholeSecond | None = None


class SwapShown(Shown):
    """`taker` has the hours of `giver`; while it is null anybody may take them. `override_ids` are what a taken swap became."""

    id: SwapId
    schedule_id: ScheduleId
    kind: SwapKind
    status: SwapStatus
    giver: Person
    taker: Person | None
    start: Instant
    end: Instant
    in_return: SpanShape | None
    note: str
    author: str
    created_at: Instant
    decided_by: str | None
    decided_at: Instant | None
    override_ids: list[OverrideId]

    @classmethod
    def of(cls, swap: Swap, names: Names, *, now: datetime, **more: object) -> Self:
        def person(user: UserId) -> Person:
            return Person(id=user, name=names.get(user, "(removed)"))

        return cls(
            id=swap.id,
            schedule_id=swap.schedule_id,
            kind=swap.kind,
            status=swap.status_at(now),
            giver=person(swap.giver),
            taker=person(swap.taker) if swap.taker else None,
            start=swap.start,
            end=swap.end,
            in_return=SpanShape(start=swap.in_return[0], end=swap.in_return[1]) if swap.in_return else None,
            note=swap.note,
            author=swap.author,
            created_at=swap.created_at,
            decided_by=swap.decided_by,
            decided_at=swap.decided_at,
            override_ids=[OverrideId(one) for one in swap.override_ids],
            **more,
        )


class SwapDone(SwapShown):
    warnings: list[AdviceShown]


def _not_too_long(value: timedelta) -> timedelta:
    if not timedelta(0) < value <= LONGEST_NOTICE:
        raise ValueError("must be more than PT0S and at most P14D")
    return value


def _half_a_day(value: timedelta) -> timedelta:
    if not timedelta(0) < value <= timedelta(hours=12):
        raise ValueError("must be more than PT0S and at most PT12H")
    return value


class PreferenceShape(Strict, from_attributes=True):
    """When to be told of one's shifts: so long `before` each, when it begins, when it ends. `quiet_time`: after a page at night (22:00 to
    06:00 of one's own clock) so much of the morning is offered to whoever is next on call; null: nothing."""

    before: Annotated[list[Annotated[Duration, AfterValidator(_not_too_long)]], Field(max_length=5, default_factory=list)]
    at_start: bool = True
    at_end: bool = True
    quiet_time: Annotated[Duration, AfterValidator(_half_a_day)] | None = None

    def value(self) -> Preference:
        return Preference(tuple(sorted(set(self.before))), self.at_start, self.at_end, self.quiet_time)
