"""What may be written about the future, and what nobody may change any more."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never

from oncall.kit.ids import UserId
from oncall.kit.zones import to_instant, to_seconds
from oncall.schedules.values import (
    LOOK_AHEAD_DAYS,
    AuthoredUnavailability,
    DatedDefinition,
    InvalidOverride,
    InvalidRange,
    InvalidUnavailability,
    Override,
    OverrideId,
    OverrideIsOver,
    OverrideKind,
    UnavailabilityId,
    UnavailabilityIsOver,
)

FIRST = datetime.min.replace(tzinfo=UTC)
LONGEST_UNAVAILABILITY = timedelta(days=5 * 366)


def decide_override(
    id: OverrideId, kind: OverrideKind, *, start: datetime, end: datetime, user: UserId | None, replaces: UserId | None, now: datetime
) -> Override:
    """The override as it is kept; it cannot begin in the past. Raises `InvalidOverride` with the first thing that cannot be."""
    if end <= start:
        raise InvalidOverride("end must be later than start.", field="end")
    if to_seconds(end) <= to_seconds(now):
        raise InvalidOverride("This is over already; who was on call in the past cannot be changed.", field="end")
    match kind:
        case OverrideKind.COVER | OverrideKind.ADD | OverrideKind.REMOVE:
            if user is None or replaces is not None:
                raise InvalidOverride(f"{kind} needs user_id, and no replaces_user_id.", field="user_id")
        case OverrideKind.CLEAR:
            if user is not None or replaces is not None:
                raise InvalidOverride("clear leaves nobody on call: it has neither user_id nor replaces_user_id.", field="user_id")
        case OverrideKind.REPLACE:
            if user is None or replaces is None:
                raise InvalidOverride("replace needs user_id (who takes over) and replaces_user_id (for whom).", field="replaces_user_id")
            if user == replaces:
                raise InvalidOverride("Nobody can replace themselves.", field="replaces_user_id")
        case _:
            assert_never(kind)
    return Override(
        id=id,
        seq=0,
        kind=kind,
        start=max(to_seconds(start), to_seconds(now)),
        end=to_seconds(end),
        user=user if replaces is None else None,
        replacements=() if replaces is None or user is None else ((replaces, user),),
    )


def decide_removal(override: Override, *, now: datetime) -> int | None:
    """Where a removed override ends: now if it is running, None if it never began. Raises `OverrideIsOver` when it is past."""
    t = to_seconds(now)
    if override.end <= t:
        raise OverrideIsOver
    return t if override.start < t else None


def decide_unavailability(
    id: UnavailabilityId, *, user: UserId, start: datetime, end: datetime, cover: UserId | None, reason: str, author: str, now: datetime
) -> AuthoredUnavailability:
    """The unavailability as it is kept; it cannot begin in the past. Raises `InvalidUnavailability` with what cannot be."""
    begin = to_instant(to_seconds(now))
    if end <= start:
        raise InvalidUnavailability("end must be later than start.", field="end")
    if end <= begin:
        raise InvalidUnavailability("This is over already; who was on call in the past cannot be changed.", field="end")
    if end - start > LONGEST_UNAVAILABILITY:
        raise InvalidUnavailability("Somebody who is away for more than five years should be taken out of the rotation.", field="end")
    if cover == user:
        raise InvalidUnavailability("Nobody can cover for themselves.", field="cover_user_id")
    return AuthoredUnavailability(id, user, max(start, begin), end, cover, reason, author, now)


def check_unavailability_goes_on(unavailability: AuthoredUnavailability, *, now: datetime) -> None:
    """Raises `UnavailabilityIsOver` when there is nothing left to take back."""
    if unavailability.end <= to_instant(to_seconds(now)):
        raise UnavailabilityIsOver


def check_range(since: datetime, until: datetime) -> None:
    """A range that can be rendered is not empty and at most a year long."""
    if since >= until:
        raise InvalidRange("until must be later than since.", field="until")
    if until - since > timedelta(days=LOOK_AHEAD_DAYS):
        raise InvalidRange(f"At most {LOOK_AHEAD_DAYS} days can be shown at once: move until, or ask in parts.", field="until")


def in_force_from(requested: datetime | None, *, now: datetime) -> datetime:
    """From when an edit counts: as asked, and from now at the earliest, since no edit reaches back."""
    return now if requested is None else max(requested, now)


def with_version(versions: Sequence[DatedDefinition], new: DatedDefinition) -> tuple[DatedDefinition, ...]:
    """In the order in which they take effect; of those at the same instant the newest counts."""
    return tuple(sorted((*versions, new), key=lambda one: (one.effective_from is not None, one.effective_from or FIRST, one.number)))
