"""How it is shown who is on call."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from oncall.kit.http import Instant, Shown
from oncall.kit.ids import UserId
from oncall.schedules.values import (
    OnCall,
    Outlook,
    SourceKind,
    Tile,
)
from oncall.teams.schemas import Person
from oncall.teams.values import User

People = Mapping[UserId, User]


class SourceShown(Shown):
    """What put these people on call: the last override that did, else the first layer."""

    kind: SourceKind
    id: UUID | None
    name: str | None

    @classmethod
    def of(cls, on_call: OnCall) -> Self:
        overrides = [source for source in on_call.sources if source.kind is SourceKind.OVERRIDE]
        source = next(iter(overrides[-1:] or on_call.sources), None)
        kind = source.kind if source and on_call.users else SourceKind.GAP
        return cls(kind=kind, id=source.id if source else None, name=source.name if source else None)


def _people(users: Iterable[UserId], people: People) -> list[Person]:
    return [Person(id=user, name=people[user].name if user in people else "(deleted user)") for user in users]


class ShiftShown(Shown):
    start: Instant
    end: Instant
    users: list[Person]
    source: SourceShown


class Shifts(Shown):
    """Tiles of the range, gaps included; `coverage` is the part of it in which somebody is on call."""

    items: Sequence[ShiftShown]
    coverage: float

    @classmethod
    def of(cls, tiles: Iterable[Tile], coverage: float, people: People) -> Self:
        shown = [
            ShiftShown(start=tile.start, end=tile.end, users=_people(tile.on_call.users, people), source=SourceShown.of(tile.on_call))
            for tile in tiles
        ]
        return cls(items=shown, coverage=coverage)


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
    start: Instant | None
    end: Instant | None
    next: NextShown | None

    @classmethod
    def of(cls, outlook: Outlook, people: People, *, at: datetime) -> Self:
        following = outlook.next
        return cls(
            at=at,
            users=[
                OnCallPerson(**person.model_dump(), start=shift.start, end=shift.end)
                for shift, person in zip(outlook.shifts, _people(outlook.on_call.users, people), strict=True)
            ],
            source=SourceShown.of(outlook.on_call),
            start=outlook.start,
            end=outlook.end,
            next=None
            if following is None or outlook.end is None
            else NextShown(start=outlook.end, users=_people(following.users, people), source=SourceShown.of(following)),
        )
