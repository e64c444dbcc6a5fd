"""How it is shown who is on call."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from oncall.kit.http import Duration, Instant, Shown
from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.schemas.schedules import AdviceShown
from oncall.schedules.values import Difference, NextShift, OnCall, Outlook, Preview, Source, SourceKind, Tile
from oncall.teams.schemas import Person

Names = Mapping[UserId, str]


class ScheduleNamed(Shown):
    id: ScheduleId
    name: str


class ReasonShown(Shown):
    """One thing that had a say, in the order in which they apply: `turn` numbers a layer's turns, `within` is a nested schedule."""

    kind: SourceKind
    id: UUID | None
    name: str | None
    turn: int
    within: UUID | None


class SourceShown(Shown):
    """What put these people on call: the last override that did, else the temporary schedule, else the first layer."""

    kind: SourceKind
    id: UUID | None
    name: str | None

    @classmethod
    def of(cls, on_call: OnCall) -> Self:
        source = _decisive(on_call)
        kind = source.kind if source and on_call.users else SourceKind.GAP
        return cls(kind=kind, id=source.id if source else None, name=source.name if source else None)


def _decisive(on_call: OnCall) -> Source | None:
    own = [source for source in on_call.sources if source.within is None]
    overrides = [source for source in own if source.kind is SourceKind.OVERRIDE]
    return next(iter(overrides[-1:] or own), None)


def reasons_of(on_call: OnCall) -> list[ReasonShown]:
    return [ReasonShown.model_validate(source) for source in on_call.sources]


def people_shown(users: Iterable[UserId], names: Names) -> list[Person]:
    return [Person(id=user, name=names.get(user, "(removed)")) for user in users]


class ShiftShown(Shown):
    start: Instant
    end: Instant
    users: list[Person]
    source: SourceShown
    reasons: list[ReasonShown]

    @classmethod
    def of(cls, tile: Tile, names: Names) -> Self:
        on_call = tile.on_call
        return cls(
            start=tile.start,
            end=tile.end,
            users=people_shown(on_call.users, names),
            source=SourceShown.of(on_call),
            reasons=reasons_of(on_call),
        )


class Shifts(Shown):
    """Tiles of the range, gaps included; `coverage` is the part of it in which somebody is on call."""

    items: Sequence[ShiftShown]
    coverage: float

    @classmethod
    def of(cls, tiles: Iterable[Tile], coverage: float, names: Names) -> Self:
        return cls(items=[ShiftShown.of(tile, names) for tile in tiles], coverage=coverage)


class GapShown(Shown):
    start: Instant
    end: Instant


class Gaps(Shown):
    """Where nobody is on call, and which part of the range is covered."""

    items: Sequence[GapShown]
    coverage: float


class NextShiftShown(Shown):
    """A user's first shift that begins after an instant; `end` is null where it does not end within a year."""

    schedule: ScheduleNamed
    start: Instant
    end: Instant | None

    @classmethod
    def of(cls, found: NextShift) -> Self:
        assert found.shift.start is not None  # noqa: S101 — it begins within the look-ahead, or there is none
        return cls(schedule=ScheduleNamed(id=found.schedule_id, name=found.schedule_name), start=found.shift.start, end=found.shift.end)


class NextShiftAnswer(Shown):
    next_shift: NextShiftShown | None


class OnCallPerson(Person):
    """With their own unbroken shift; null where it does not begin or end within a year."""

    start: Instant | None
    end: Instant | None


class NextShown(Shown):
    start: Instant
    users: list[Person]
    source: SourceShown


class OnCallShown(Shown):
    """Who is on call at `at`, since when and until when the set is the same (null: for more than a year), and who is next."""

    at: Instant
    users: list[OnCallPerson]
    source: SourceShown
    reasons: list[ReasonShown]
    start: Instant | None
    end: Instant | None
    next: NextShown | None

    @classmethod
    def of(cls, outlook: Outlook, names: Names, *, at: datetime) -> Self:
        following = outlook.next
        return cls(
            at=at,
            users=[
                OnCallPerson(**person.model_dump(), start=shift.start, end=shift.end)
                for shift, person in zip(outlook.shifts, people_shown(outlook.on_call.users, names), strict=True)
            ],
            source=SourceShown.of(outlook.on_call),
            reasons=reasons_of(outlook.on_call),
            start=outlook.start,
            end=outlook.end,
            next=None
            if following is None or outlook.end is None
            else NextShown(start=outlook.end, users=people_shown(following.users, names), source=SourceShown.of(following)),
        )


class DifferenceShown(Shown):
    start: Instant
    end: Instant
    before: list[Person]
    after: list[Person]

    @classmethod
    def of(cls, one: Difference, names: Names) -> Self:
        return cls(start=one.start, end=one.end, before=people_shown(one.before, names), after=people_shown(one.after, names))


class SpanShown(Shown):
    start: Instant
    end: Instant


class GainShown(Shown):
    """What an edit means for one person: hours on call before and after, and which would come or go."""

    user: Person
    before: Duration
    after: Duration
    gains: list[SpanShown]
    loses: list[SpanShown]


class PreviewShown(Shown):
    """Nothing was written. `before` is empty for a schedule that does not exist yet."""

    before: list[ShiftShown]
    after: list[ShiftShown]
    changes: list[DifferenceShown]
    people: list[GainShown]
    warnings: list[AdviceShown]

    @classmethod
    def of(cls, preview: Preview, names: Names) -> Self:
        return cls(
            before=[ShiftShown.of(tile, names) for tile in preview.before],
            after=[ShiftShown.of(tile, names) for tile in preview.after],
            changes=[DifferenceShown.of(one, names) for one in preview.changes],
            people=[
                GainShown(
                    user=people_shown([gain.user_id], names)[0],
                    before=gain.before,
                    after=gain.after,
                    gains=[SpanShown(start=start, end=end) for start, end in gain.gained],
                    loses=[SpanShown(start=start, end=end) for start, end in gain.lost],
                )
                for gain in preview.gains
            ],
            warnings=[AdviceShown.model_validate(one) for one in preview.warnings],
        )
