"""When people cannot be on call, and what becomes of schedules when somebody is gone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import UserId, new_id
from oncall.schedules import rules
from oncall.schedules.commands.editing import check_users
from oncall.schedules.store import overrides
from oncall.schedules.store import unavailability as store
from oncall.schedules.values import AuthoredUnavailability, FromACalendar, TemporaryId, UnavailabilityId, UnknownUnavailability
from oncall.teams.commands import get_user


async def add_unavailability(
    tx: AsyncConnection,
    user_id: UserId,
    *,
    start: datetime,
    end: datetime,
    cover_user_id: UserId | None,
    reason: str,
    author: str,
    now: datetime,
) -> AuthoredUnavailability:
    """From now at the earliest the user's turns are their cover's, or nobody's, in every schedule."""
    await get_user(tx, user_id)
    span = rules.decide_unavailability(
        UnavailabilityId(new_id()), user=user_id, start=start, end=end, cover=cover_user_id, reason=reason, author=author, now=now
    )
    await check_users(tx, [cover_user_id], field="cover_user_id")
    await store.add_unavailability(tx, [span])
    return span


async def list_unavailability(
    tx: AsyncConnection,
    user_id: UserId,
    *,
    after: UUID | None = None,
    limit: int = 100,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[AuthoredUnavailability]:
    """In order of creation, those that are over included, unless a range is given."""
    await get_user(tx, user_id)
    return await store.list_unavailability(tx, user_id, after=after, limit=limit, since=since, until=until)


async def remove_unavailability(tx: AsyncConnection, user_id: UserId, id: UnavailabilityId, *, now: datetime) -> None:
    """They are back: what is running ends now, what is to come never begins, what is over stays."""
    span = await store.find_unavailability(tx, user_id, id)
    if span is None or span.end <= span.start:
        raise UnknownUnavailability
    if span.source_id is not None:
        raise FromACalendar
    rules.check_unavailability_goes_on(span, now=now)
    await store.remove_unavailability(tx, [id], now=now)


async def forget_user(tx: AsyncConnection, user_id: UserId, *, now: datetime) -> None:
    """Their account is gone: what names them ends now, and what they did until now stays true."""
    await overrides.remove_overrides_of(tx, user_id, now=now)
    for schedule_id, temporary in await overrides.temporaries_of(tx, user_id, now=now):
        left = rules.without_user(temporary, user_id, fresh=lambda: TemporaryId(new_id()), now=now)
        await overrides.remove_temporaries(tx, [temporary.id], now=now)
        await overrides.add_temporaries(tx, schedule_id, left, now=now)
    await store.remove_all_of(tx, user_id, now=now)
    covered = await store.list_covered_by(tx, user_id, now=now)
    await store.remove_unavailability(tx, [one.id for one in covered], now=now)
    await store.add_unavailability(
        tx,
        [replace(one, id=UnavailabilityId(new_id()), start=max(one.start, now), cover_user_id=None, created_at=now) for one in covered],
    )
