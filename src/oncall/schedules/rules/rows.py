"""What a schedule is made of, row by row, for a picture: each layer by itself, what changes it, and what comes of it all. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from oncall.kit.ids import UserId
from oncall.kit.zones import to_instant, to_seconds
from oncall.schedules.rules.rendering import joined, render
from oncall.schedules.rules.resolving import slices
from oncall.schedules.values import Layer, LayerId, Override, OverrideKind, Schedule, SourceKind, Tile
from oncall.schedules.values.picture import Band, Row

Names = Mapping[UserId, str]


def rows_of(schedule: Schedule, since: datetime, until: datetime, names: Names) -> list[Row]:
    """Layers in their order, then temporary schedules, who is away and overrides, where there are any, then who is on call."""
    start, end = to_seconds(since), to_seconds(until)
    plain = replace(schedule, overrides=(), temporaries=(), away=(), record=None)
    rows = [
        Row(layer.name, "layer", tuple(_bands(render(_only(plain, layer.id), since, until), names, "layer")))
        for layer in _layers(schedule, start, end)
    ]
    temporaries = [one for one in schedule.temporaries if one.start < end and one.end > start]
    away = [one for one in schedule.away if one.start < end and one.end > start]
    overrides = [one for one in schedule.overrides if one.start < end and one.end > start]
    if temporaries:
        alone = replace(plain, versions=(), temporaries=schedule.temporaries)
        tiles = [tile for tile in render(alone, since, until) if tile.on_call.sources]
        rows.append(Row("temporary", "temporary", tuple(_bands(tiles, names, "temporary"))))
    if away:
        spans = (Band(*_within(one.start, one.end, start, end), (_name(one.user, names),), "unavailable") for one in away)
        rows.append(Row("unavailable", "overrides", tuple(spans)))
    if overrides:
        spans = (Band(*_within(one.start, one.end, start, end), _people(one, names), one.kind.value) for one in overrides)
        rows.append(Row("overrides", "overrides", tuple(spans)))
    rows.append(Row("on call", "final", tuple(_bands(joined(render(schedule, since, until)), names, None))))
    return rows


def _layers(schedule: Schedule, start: int, end: int) -> Sequence[Layer]:
    """Those of every version that counts in the range, as the newest of these versions orders and names them."""
    found: dict[LayerId, Layer] = {}
    for _, _, layers in slices(schedule, start, end):
        for layer in layers:
            found.setdefault(layer.id, layer)
    return list(found.values())


def _only(schedule: Schedule, id: LayerId) -> Schedule:
    versions = (replace(version, layers=tuple(layer for layer in version.layers if layer.id == id)) for version in schedule.versions)
    return replace(schedule, versions=tuple(versions))


def _bands(tiles: Sequence[Tile], names: Names, kind: str | None) -> Iterator[Band]:
    """Of one kind, or each of the kind of what decided it."""
    for tile in tiles:
        people = tuple(_name(user, names) for user in tile.on_call.users)
        decided = [source.kind.value for source in tile.on_call.sources if source.within is None]
        yield Band(tile.start, tile.end, people, kind or (decided[-1] if people and decided else SourceKind.GAP.value))


def _people(override: Override, names: Names) -> tuple[str, ...]:
    match override.kind:
        case OverrideKind.CLEAR:
            return ()
        case OverrideKind.REPLACE:
            return tuple(f"{_name(by, names)} for {_name(who, names)}" for who, by in override.replacements)
        case OverrideKind.REMOVE:
            return () if override.user is None else (f"without {_name(override.user, names)}",)
        case OverrideKind.COVER | OverrideKind.ADD:
            return () if override.user is None else (_name(override.user, names),)


def _within(since: int, until: int, start: int, end: int) -> tuple[datetime, datetime]:
    return to_instant(max(since, start)), to_instant(min(until, end))


def _name(user: UserId, names: Names) -> str:
    return names.get(user, "(removed)")
