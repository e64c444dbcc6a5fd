"""What the routes about overrides and temporary schedules take and show."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from oncall.kit.http import Instant, Shown, Strict
from oncall.kit.ids import UserId
from oncall.kit.zones import to_instant
from oncall.schedules.schemas.layers import FixedShiftShape, WholeSecond
from oncall.schedules.schemas.schedules import AdviceShown
from oncall.schedules.values import AuthoredOverride, AuthoredTemporary, OverrideId, OverrideKind, ShiftDefinition, TemporaryId

Reason = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class OverrideIn(Strict):
    """From `start` (now at the earliest) to `end`; applied in the order of creation, so the last created wins.

    `cover`: exactly `user_id`; `clear`: nobody; `add` and `remove`: `user_id`; `replace`: `user_id` in the place of `replaces_user_id`.
    """

    start: WholeSecond
    end: WholeSecond
    kind: OverrideKind = OverrideKind.COVER
    user_id: UserId | None = None
    replaces_user_id: UserId | None = None
    reason: Reason = ""


class OverrideShown(Shown):
    """One that was taken back while it ran ends then."""

    id: OverrideId
    start: Instant
    end: Instant
    kind: OverrideKind
    user_id: UserId | None
    replaces_user_id: UserId | None

    reason: str
    author: str
    created_at: Instant

    @classmethod
    def of(cls, authored: AuthoredOverride, **more: object) -> Self:
        override = authored.override
        replaces, user = override.replacements[0] if override.replacements else (None, override.user)
        return cls(
            id=override.id,
            start=to_instant(override.start),
            end=to_instant(override.end),
            kind=override.kind,
            user_id=user,
            replaces_user_id=replaces,
            reason=authored.reason,
            author=authored.author,
            created_at=authored.created_at,
            **more,
        )


class OverrideWritten(OverrideShown):
    warnings: list[AdviceShown]


class TemporaryIn(Strict):
    """From `start` (now at the earliest) to `end` exactly these shifts, in the place of all layers; where there is none, nobody."""

    start: WholeSecond
    end: WholeSecond
    shifts: Annotated[list[FixedShiftShape], Field(max_length=1000)]

    def definitions(self) -> list[ShiftDefinition]:
        return [ShiftDefinition(shift.start, shift.end, tuple(shift.user_ids)) for shift in self.shifts]


class TemporaryShown(Shown):
    id: TemporaryId
    start: Instant
    end: Instant
    shifts: list[FixedShiftShape]
    author: str
    created_at: Instant

    @classmethod
    def of(cls, temporary: AuthoredTemporary, **more: object) -> Self:
        return cls(
            id=temporary.id,
            start=temporary.start,
            end=temporary.end,
            shifts=[FixedShiftShape.model_validate(shift) for shift in temporary.shifts],
            author=temporary.author,
            created_at=temporary.created_at,
            **more,
        )


class TemporaryWritten(TemporaryShown):
    warnings: list[AdviceShown]
