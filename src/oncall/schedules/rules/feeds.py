"""What a published calendar says of a schedule: who is on call when, under names by which readers know each entry again. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.values.answers import Source, SourceKind, Tile
from oncall.schedules.values.calendars import Entry

STRANGER = "Somebody"
STANDING_IN = {SourceKind.OVERRIDE, SourceKind.UNAVAILABILITY}


@dataclass(frozen=True, slots=True)
class Stretch:
    """One user's time on call from the start of tile `first` to `end`; None before it or after it is where nobody has looked."""

    user: UserId
    first: Tile
    end: datetime
    before: Tile | None
    after: Tile | None = None


def uid_of(schedule_id: ScheduleId, source_id: UUID | None, turn: int, user_id: UserId, start: datetime | None) -> str:
    """The same for the same stretch whenever and whoever asks; None is the start of one that has always been."""
    begins = "always" if start is None else start.astimezone(UTC).isoformat()
    told = "|".join(map(str, (schedule_id, source_id, turn, user_id, begins)))
    return f"{blake2b(told.encode(), digest_size=16).hexdigest()}@oncall"


def entries_of(
    tiles: Sequence[Tile],
    *,
    schedule_id: ScheduleId,
    schedule_name: str,
    names: Mapping[UserId, str],
    since: datetime,
    changed_at: datetime,
    sequence: int = 0,
    user: UserId | None = None,
) -> tuple[Entry, ...]:
    """One entry for each user's unbroken stretch that ends after `since`, by start; with `user` that one's own.

    A stretch goes on while one of its reasons does, so that somebody else's handoff does not part it. Tiles must begin well before `since`,
    by more than the longest turn: what began before them is taken for what has always been. `sequence` must rise with each edit.
    """
    found = [one for one in _stretches(tiles) if one.end > since and (user is None or one.user == user)]
    entries = (
        Entry(
            _uid(schedule_id, one),
            one.first.start,
            one.end,
            f"On call: {schedule_name}" if user is not None else f"{names.get(one.user, STRANGER)} on call: {schedule_name}",
            "\n".join(_reasons(one, names)),
            sequence=sequence,
            changed_at=changed_at,
        )
        for one in found
    )
    return tuple(sorted(entries, key=lambda entry: (entry.start, entry.summary, entry.uid)))


def with_cancelled(
    now_known: Sequence[Entry], before_known: Sequence[Sequence[Entry]], *, now: datetime, changed_at: datetime
) -> tuple[Entry, ...]:
    """What is known now and, cancelled, what was known before (oldest first) to end after `now` and is not any more.

    Readers keep what they once got, and drop it only when told; `changed_at` is when the present knowledge came.
    """
    known = {entry.uid for entry in now_known}
    gone = {entry.uid: entry for entries in before_known for entry in entries if entry.uid not in known and entry.end > now}
    cancelled = (replace(entry, cancelled=True, sequence=entry.sequence + 1, changed_at=changed_at) for entry in gone.values())
    return (*now_known, *cancelled)


def _stretches(tiles: Sequence[Tile]) -> Iterator[Stretch]:
    running: dict[UserId, Stretch] = {}
    for before, tile in zip([None, *tiles], tiles, strict=False):
        goes_on = before is not None and _share_a_reason(before, tile)
        lasting = {user: replace(running[user], end=tile.end) for user in tile.on_call.users if goes_on and user in running}
        yield from (replace(one, after=tile) for user, one in running.items() if user not in lasting)
        running = {user: lasting.get(user) or Stretch(user, tile, tile.end, before) for user in tile.on_call.users}
    yield from running.values()


def _share_a_reason(one: Tile, other: Tile) -> bool:
    return not set(one.on_call.sources).isdisjoint(other.on_call.sources)


def _uid(schedule_id: ScheduleId, stretch: Stretch) -> str:
    reason = next(iter(stretch.first.on_call.sources), Source(SourceKind.GAP, None, None))
    start = None if stretch.before is None else stretch.first.start
    return uid_of(schedule_id, reason.id, reason.turn, stretch.user, start)


def _reasons(stretch: Stretch, names: Mapping[UserId, str]) -> Iterator[str]:
    for source in stretch.first.on_call.sources:
        match source.kind:
            case SourceKind.LAYER:
                yield f"Layer: {source.name}" if source.within is None else f"Layer of another schedule: {source.name}"
            case SourceKind.TEMPORARY:
                yield "Temporary schedule"
            case SourceKind.UNAVAILABILITY:
                yield "Somebody is unavailable"
            case SourceKind.OVERRIDE:
                yield f"Override: {source.name}"
            case SourceKind.GAP:
                continue
    if covered := _covered(stretch):
        yield f"Covers for {', '.join(names.get(user, STRANGER) for user in covered)}"


def _covered(stretch: Stretch) -> list[UserId]:
    """Those who were on call just before, where a turn of theirs goes on meanwhile or goes on afterwards; else nobody can tell."""
    first, before, after = stretch.first, stretch.before, stretch.after
    stands_in = any(source.kind in STANDING_IN for source in first.on_call.sources)
    if before is None or not stands_in or stretch.user in before.on_call.users:
        return []
    if not (_share_a_reason(before, first) or (after is not None and _share_a_reason(before, after))):
        return []
    return [user for user in before.on_call.users if user not in first.on_call.users]
