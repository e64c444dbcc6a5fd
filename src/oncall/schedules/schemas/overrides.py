"""What the routes about overrides take and show."""

from typing import Self

from oncall.kit.http import Instant, Shown, Strict
from oncall.kit.ids import UserId
from oncall.kit.zones import to_instant
from oncall.schedules.schemas.layers import WholeSecond
from oncall.schedules.values import (
    Override,
    OverrideId,
    OverrideKind,
)


class OverrideIn(Strict):
    """From `start` (now at the earliest) to `end`; applied in the order of creation, so the last created wins.

    `cover`: exactly `user_id`; `clear`: nobody; `add` and `remove`: `user_id`; `replace`: `user_id` in the place of `replaces_user_id`.
    """

    start: WholeSecond
    end: WholeSecond
    kind: OverrideKind = OverrideKind.COVER
    user_id: UserId | None = None
    replaces_user_id: UserId | None = None


class OverrideShown(Shown):
    id: OverrideId
    start: Instant
    end: Instant
    kind: OverrideKind
    user_id: UserId | None
    replaces_user_id: UserId | None

    @classmethod
    def of(cls, override: Override) -> Self:
        replaces, user = override.replacements[0] if override.replacements else (None, override.user)
        start, end = to_instant(override.start), to_instant(override.end)
        return cls(id=override.id, start=start, end=end, kind=override.kind, user_id=user, replaces_user_id=replaces)
