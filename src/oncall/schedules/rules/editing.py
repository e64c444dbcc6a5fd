"""What may be written about the future, and what nobody may change any more."""

from datetime import datetime, timedelta
from typing import assert_never

from oncall.kit.ids import UserId
from oncall.kit.zones import to_seconds
from oncall.schedules.values import (
    LOOK_AHEAD_DAYS,
    InvalidOverride,
    InvalidRange,
    Override,
    OverrideId,
    OverrideIsOver,
    OverrideKind,
)


def decide_override(
    id: OverrideId, kind: OverrideKind, *, start: datetime, end: datetime, user: UserId | None, replaces: UserId | None, now: datetime
) -> Override:
    """The override as it is kept; it cannot begin in the past. Raises `InvalidOverride` with the first thing that cannot be."""
    if end <= start:
        raise InvalidOverride("end must be later than start.")
    if end <= now:
        raise InvalidOverride("This is over already; who was on call in the past cannot be changed.")
    match kind:
        case OverrideKind.COVER | OverrideKind.ADD | OverrideKind.REMOVE:
            if user is None or replaces is not None:
                raise InvalidOverride(f"{kind} needs user_id, and no replaces_user_id.")
        case OverrideKind.CLEAR:
            if user is not None or replaces is not None:
                raise InvalidOverride("clear leaves nobody on call: it has neither user_id nor replaces_user_id.")
        case OverrideKind.REPLACE:
            if user is None or replaces is None:
                raise InvalidOverride("replace needs user_id (who takes over) and replaces_user_id (for whom).")
            if user == replaces:
                raise InvalidOverride("Nobody can replace themselves.")
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


def check_range(since: datetime, until: datetime) -> None:
    """A range that can be rendered is not empty and at most a year long."""
    if since >= until:
        raise InvalidRange("until must be later than since.")
    if until - since > timedelta(days=LOOK_AHEAD_DAYS):
        raise InvalidRange(f"At most {LOOK_AHEAD_DAYS} days can be shown at once.")
