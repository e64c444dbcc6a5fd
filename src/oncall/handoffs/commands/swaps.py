"""Swaps: proposed by one, accepted by another, kept as overrides; every step is told to whom it concerns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.channels.ports import Channels
from oncall.handoffs import rules, store
from oncall.handoffs.commands.telling import tell_of_swap
from oncall.handoffs.values import (
    AlreadyGiven,
    InvalidSwap,
    NotYourSwap,
    Replacement,
    Span,
    Swap,
    SwapId,
    SwapKind,
    SwapStatus,
    UnknownSwap,
    WhoAreYou,
)
from oncall.kit.ids import ScheduleId, UserId, new_id
from oncall.kit.zones import to_seconds
from oncall.schedules.commands import load_schedules, rendered
from oncall.schedules.commands.advising import advise_on_override
from oncall.schedules.commands.authors import author_of
from oncall.schedules.commands.editing import check_users, get_schedule
from oncall.schedules.commands.overrides import add_override, get_override, remove_override
from oncall.schedules.values import Advice, AuthoredOverride, AuthoredSchedule, OverrideId, OverrideKind
from oncall.teams.commands import manages, names_of


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to swap: `other` is whom they offer to or ask; nobody in particular is everybody."""

    kind: SwapKind
    start: datetime
    end: datetime
    other: UserId | None = None
    in_return: Span | None = None
    note: str = ""
    take_now: bool = False


async def propose(
    tx: AsyncConnection,
    schedule_id: ScheduleId,
    wish: Wish,
    *,
    user_id: UserId | None,
    caller: Caller,
    channels: Channels,
    now: datetime,
) -> tuple[Swap, list[Advice]]:
    """Offer hours, or ask for somebody's; with `take_now` they change hands at once. Managers and admins may do it for others."""
    schedule = await get_schedule(tx, schedule_id, now=now)
    proposer = await _acting(tx, schedule, user_id, caller)
    await check_users(tx, [proposer], field="user_id")
    await check_users(tx, [wish.other], field="with_user_id")
    author = await author_of(tx, caller)
    swap = rules.decide_swap(
        SwapId(new_id()),
        schedule_id,
        wish.kind,
        proposer=proposer,
        other=wish.other,
        start=wish.start,
        end=wish.end,
        in_return=wish.in_return,
        note=wish.note,
        author=author,
        now=now,
    )
    await _check_on_call(tx, schedule, swap.giver, (swap.start, swap.end), field="start", now=now)
    if swap.in_return is not None and swap.taker is not None:
        await _check_on_call(tx, schedule, swap.taker, swap.in_return, field="in_return", now=now)
    await _check_not_given(tx, swap, open=True, now=now)
    await store.add_swap(tx, swap)
    if not wish.take_now:
        await tell_of_swap(tx, swap, schedule, now=now)
        return swap, []
    if swap.taker is None:
        raise InvalidSwap("To change hands at once, say with whom with with_user_id.", field="with_user_id")
    # Nobody's hours are forced upon them: whoever takes them agrees by asking, or somebody who may act for them says so.
    await _acting(tx, schedule, swap.taker, caller)
    return await _take(
        tx, schedule, swap, swap.giver if swap.kind is SwapKind.ASK else swap.taker, part=None, channels=channels, author=author, now=now
    )


async def accept(
    tx: AsyncConnection,
    schedule_id: ScheduleId,
    id: SwapId,
    *,
    user_id: UserId | None,
    part: Span | None,
    caller: Caller,
    channels: Channels,
    now: datetime,
) -> tuple[Swap, list[Advice]]:
    """Take it, all of it or a part; of a part the rest stays open as swaps of their own."""
    schedule, swap = await _lock(tx, schedule_id, id, now=now)
    by = await _acting(tx, schedule, user_id, caller)
    return await _take(tx, schedule, swap, by, part=part, channels=channels, author=await author_of(tx, caller), now=now)


async def decline(
    tx: AsyncConnection, schedule_id: ScheduleId, id: SwapId, *, user_id: UserId | None, caller: Caller, now: datetime
) -> Swap:
    schedule, swap = await _lock(tx, schedule_id, id, now=now)
    by = await _acting(tx, schedule, user_id, caller)
    return await _decided(tx, rules.decline(swap, by, author=await author_of(tx, caller), now=now), schedule, now=now)


async def withdraw(
    tx: AsyncConnection, schedule_id: ScheduleId, id: SwapId, *, user_id: UserId | None, caller: Caller, now: datetime
) -> Swap:
    schedule, swap = await _lock(tx, schedule_id, id, now=now)
    by = await _acting(tx, schedule, user_id or _default(swap.proposer, caller), caller)
    return await _decided(tx, rules.withdraw(swap, by, author=await author_of(tx, caller), now=now), schedule, now=now)


async def undo(tx: AsyncConnection, schedule_id: ScheduleId, id: SwapId, *, user_id: UserId | None, caller: Caller, now: datetime) -> Swap:
    """As if it had not been taken, from now on: what is over stays as it was."""
    schedule, swap = await _lock(tx, schedule_id, id, now=now)
    by = await _acting(tx, schedule, user_id or _default(swap.giver, caller), caller)
    undone = rules.undo(swap, by, author=await author_of(tx, caller), now=now)
    for one in swap.override_ids:
        override = await get_override(tx, schedule_id, OverrideId(one))
        if override.removed_at is None and override.override.end > to_seconds(now):
            await remove_override(tx, schedule_id, override.id, now=now)
    return await _decided(tx, undone, schedule, now=now)


async def get_swap(tx: AsyncConnection, schedule_id: ScheduleId, id: SwapId) -> Swap:
    swap = await store.find_swap(tx, schedule_id, id)
    if swap is None:
        raise UnknownSwap
    return swap


async def list_swaps(
    tx: AsyncConnection, schedule_id: ScheduleId, *, after: UUID | None, limit: int, status: SwapStatus | None, now: datetime
) -> Sequence[Swap]:
    await get_schedule(tx, schedule_id, now=now)
    return await store.list_swaps(tx, schedule_id, after=after, limit=limit, status=status, now=now)


async def _take(
    tx: AsyncConnection,
    schedule: AuthoredSchedule,
    swap: Swap,
    by: UserId,
    *,
    part: Span | None,
    channels: Channels,
    author: str,
    now: datetime,
) -> tuple[Swap, list[Advice]]:
    fresh = (SwapId(new_id()), SwapId(new_id()))
    taken, rest, replacements = rules.accept(swap, by, part=part, fresh=fresh, author=author, now=now)
    await _check_not_given(tx, taken, open=False, now=now)
    for one in replacements:
        # They may have given these hours to somebody else meanwhile; nobody is told of a swap that changes nothing.
        await _check_on_call(tx, schedule, one.who, (one.start, one.end), field=None, now=now)
    names = await names_of(tx, [one for r in replacements for one in (r.who, r.by)])
    overrides = [await _replace(tx, schedule.id, one, names[one.who], author=author, now=now) for one in replacements]
    taken = replace(taken, override_ids=tuple(override.id for override in overrides))
    await store.save_swap(tx, taken)
    for left in rest:
        await store.add_swap(tx, left)
    await tell_of_swap(tx, taken, schedule, now=now)
    return taken, [
        advice for one in overrides for advice in await advise_on_override(tx, schedule.id, one.override, channels=channels, now=now)
    ]


async def _replace(tx: AsyncConnection, id: ScheduleId, one: Replacement, name: str, *, author: str, now: datetime) -> AuthoredOverride:
    return await add_override(
        tx,
        id,
        kind=OverrideKind.REPLACE,
        start=one.start,
        end=one.end,
        user_id=one.by,
        replaces_user_id=one.who,
        reason=f"swap: for {name}",
        author=author,
        now=now,
    )


async def _decided(tx: AsyncConnection, swap: Swap, schedule: AuthoredSchedule, *, now: datetime) -> Swap:
    await store.save_swap(tx, swap)
    await tell_of_swap(tx, swap, schedule, now=now)
    return swap


async def _lock(tx: AsyncConnection, schedule_id: ScheduleId, id: SwapId, *, now: datetime) -> tuple[AuthoredSchedule, Swap]:
    schedule = await get_schedule(tx, schedule_id, now=now)
    swap = await store.find_swap(tx, schedule_id, id, lock=True)
    if swap is None:
        raise UnknownSwap
    return schedule, swap


async def _acting(tx: AsyncConnection, schedule: AuthoredSchedule, user_id: UserId | None, caller: Caller) -> UserId:
    """For whom this is done: the key's own person, or whom an admin or a manager of the schedule's team names."""
    person = user_id or caller.user_id
    if person is None:
        raise WhoAreYou
    if caller.may_act_for(person):
        return person
    if caller.user_id is not None and schedule.team_id is not None and await manages(tx, schedule.team_id, caller.user_id):
        return person
    raise NotYourSwap("Only the person themselves, a manager of the team that owns this schedule, or an admin may do this.")


def _default(person: UserId | None, caller: Caller) -> UserId | None:
    """An admin's key that belongs to nobody acts for the one whom it is about."""
    return person if caller.user_id is None else None


async def _check_not_given(tx: AsyncConnection, swap: Swap, *, open: bool, now: datetime) -> None:
    """Nobody gives the same hours twice: the second taker would have what the first one has."""
    given = await store.find_given(tx, swap, open=open, now=now)
    if given is not None:
        name = (await names_of(tx, [swap.giver])).get(swap.giver, "This user")
        what = "offered" if given.status is SwapStatus.OPEN else "given"
        raise AlreadyGiven(
            f"{name} has {what} the hours from {given.start:%Y-%m-%d %H:%M} to {given.end:%Y-%m-%d %H:%M} UTC already (swap {given.id}): "
            "withdraw or undo that one first, or swap only other hours."
        )


async def _check_on_call(
    tx: AsyncConnection, schedule: AuthoredSchedule, user: UserId, span: Span, *, field: str | None, now: datetime
) -> None:
    loaded = (await load_schedules(tx, [schedule.id], since=now, until=span[1], recorded=False))[schedule.id]
    if not any(user in tile.on_call.users for tile in await rendered(loaded, *span)):
        name = (await names_of(tx, [user])).get(user, "This user")
        raise InvalidSwap(f"{name} is not on call in {schedule.name} then, so there is nothing to swap.", field=field)
