"""Short words for the tests' tables: people by name, times as they are written, schedules from layers."""

from datetime import UTC, datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from oncall.kit.ids import ScheduleId, UserId
from oncall.kit.zones import to_local_seconds, to_seconds
from oncall.schedules.values import (
    Arithmetic,
    Away,
    FixedShift,
    Layer,
    LayerId,
    OnCall,
    Override,
    OverrideId,
    OverrideKind,
    Rotation,
    Schedule,
    Source,
    SourceKind,
    Temporary,
    TemporaryId,
    Tile,
    Turn,
    UnavailabilityId,
    Unit,
    Version,
    Window,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEW_YORK = "America/New_York"


def uuid(name: str) -> UUID:
    return uuid5(NAMESPACE_OID, name)


def user(name: str) -> UserId:
    return UserId(uuid(name))


ana, bob, cem, dee = (user(name) for name in ("ana", "bob", "cem", "dee"))
NAMES = {ana: "ana", bob: "bob", cem: "cem", dee: "dee"}


def at(text: str) -> datetime:
    """An instant: "2026-03-08 07:00" is UTC, any other offset is written out."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def t(text: str) -> int:
    return to_seconds(at(text))


def every(count: int, unit: str, starts: str, *, arithmetic: str = "wall", active: str | None = None) -> Rotation:
    """`every(1, "week", "2026-01-05 09:00")`; `active` names the days that count, "mon fri"."""
    days = None if active is None else tuple(sorted(DAYS.index(day) for day in active.split()))
    return Rotation(Unit(unit), count, to_local_seconds(datetime.fromisoformat(starts)), Arithmetic(arithmetic), days)


def window(days: str, start: str, hours: float) -> tuple[Window, ...]:
    """`window("mon tue", "22:00", hours=8)` opens on each of the days; "daily" is all seven."""
    hour, minute = start.split(":")
    each = DAYS if days == "daily" else tuple(days.split())
    return tuple(Window(DAYS.index(day), int(hour) * 3600 + int(minute) * 60, int(hours * 3600)) for day in each)


def layer(
    *turns: UserId | Schedule | Turn | None,
    rotation: Rotation | None = None,
    zone: str = "UTC",
    name: str = "weekly",
    precedence: int = 0,
    windows: tuple[Window, ...] | None = None,
    start: str | None = None,
    end: str | None = None,
    start_index: int = 0,
    on_duty: int | None = None,
    shifts: tuple[FixedShift, ...] = (),
) -> Layer:
    """Participants are users, nested schedules, tuples of both on call together, or None for a vacant turn."""
    each = tuple(() if turn is None else turn if isinstance(turn, tuple) else (turn,) for turn in turns)
    return Layer(
        LayerId(uuid(f"layer {name}")),
        name,
        zone,
        precedence,
        each,
        rotation,
        windows,
        None if start is None else t(start),
        None if end is None else t(end),
        start_index,
        on_duty,
        shifts,
        nests=any(isinstance(member, Schedule) for turn in each for member in turn),
    )


def override(kind: str, start: str, end: str, who: UserId | None = None, *, instead_of: UserId | None = None, seq: int = 1) -> Override:
    replacements = () if instead_of is None or who is None else ((instead_of, who),)
    named = None if replacements else who
    return Override(OverrideId(uuid(f"override {seq}")), seq, OverrideKind(kind), t(start), t(end), named, replacements)


def shift(start: str, end: str, *who: UserId) -> FixedShift:
    return FixedShift(t(start), t(end), who)


def temporary(start: str, end: str, *shifts: FixedShift) -> Temporary:
    return Temporary(TemporaryId(uuid(f"temporary {start}")), t(start), t(end), shifts)


def away(who: UserId, start: str, end: str, *, cover: UserId | None = None) -> Away:
    return Away(UnavailabilityId(uuid(f"away {who}")), who, t(start), t(end), cover)


def schedule(
    *layers: Layer,
    overrides: tuple[Override, ...] = (),
    temporaries: tuple[Temporary, ...] = (),
    away: tuple[Away, ...] = (),
    id: str = "schedule",
) -> Schedule:
    return Schedule(ScheduleId(uuid(id)), "Payments", (Version(1, None, layers),), overrides, temporaries, away)


def names(on_call: OnCall) -> list[str]:
    return [NAMES[user] for user in on_call.users]


def from_layer(name: str = "weekly", turn: int = 0, within: Schedule | None = None) -> Source:
    return Source(SourceKind.LAYER, uuid(f"layer {name}"), name, turn, None if within is None else within.id)


def from_override(kind: str, seq: int = 1, within: Schedule | None = None) -> Source:
    return Source(SourceKind.OVERRIDE, uuid(f"override {seq}"), kind, within=None if within is None else within.id)


def from_temporary(start: str, shift: str | None = None) -> Source:
    """A temporary schedule by its start, and the start of the shift; no shift where it leaves nobody on call."""
    return Source(SourceKind.TEMPORARY, uuid(f"temporary {start}"), None, 0 if shift is None else t(shift))


def from_away(who: UserId, within: Schedule | None = None) -> Source:
    return Source(SourceKind.UNAVAILABILITY, uuid(f"away {who}"), None, within=None if within is None else within.id)


def shown(tiles: list[Tile]) -> list[tuple[str, list[str]]]:
    """Each tile by its beginning and its people: what a reader would write down."""
    return [(f"{tile.start:%m-%d %H:%M}", names(tile.on_call)) for tile in tiles]
