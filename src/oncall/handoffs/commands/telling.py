"""The words of what people are told of swaps and shifts, and whom they go to; and how they are told of a webhook that was disabled."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.commands import load_reach
from oncall.contacts.values import Urgency
from oncall.handoffs.values import Swap, SwapKind, SwapStatus
from oncall.kit.ids import UserId
from oncall.kit.zones import mono, to_seconds, to_wall
from oncall.notifications.commands import send_notices
from oncall.notifications.values import NewNotice
from oncall.schedules.values import AuthoredSchedule
from oncall.teams.commands import get_users, names_of
from oncall.webhooks.values import Notice


async def tell(tx: AsyncConnection, notices: Iterable[NewNotice], *, now: datetime) -> None:
    """Send what was not sent before, by each person's rules for low urgency."""
    wanted = list(notices)
    if wanted:
        reach = await load_reach(tx, sorted({notice.user_id for notice in wanted}))
        await send_notices(tx, wanted, reach, now=now)


async def tell_of_webhook(tx: AsyncConnection, notice: Notice, people: Collection[UserId], *, now: datetime) -> None:
    """Whose webhook it is, once for each time it was disabled."""
    await tell(
        tx,
        [
            NewNotice(
                user_id=user,
                kind="webhook",
                topic=f"{notice.topic}/{user}",
                urgency=Urgency.LOW.value,
                subject=notice.subject,
                paragraphs=notice.paragraphs,
            )
            for user in people
        ],
        now=now,
    )


async def tell_of_swap(tx: AsyncConnection, swap: Swap, schedule: AuthoredSchedule, *, now: datetime) -> None:
    """Whom it was proposed to, or, once it is decided, both; an open offer to nobody in particular is not sent to everybody."""
    people = {user for user in (swap.giver, swap.taker) if user is not None}
    names = await names_of(tx, people)
    if swap.status is SwapStatus.OPEN:
        people -= {swap.proposer} if swap.proposer else set()
    zones = {user.id: user.time_zone for user in (await get_users(tx, people)).values()}
    await tell(
        tx,
        [
            NewNotice(
                user_id=user,
                kind="swap",
                topic=f"swap/{swap.id}/{swap.status.value}/{user}",
                urgency=Urgency.LOW.value,
                subject=_headline(swap, names, schedule.name),
                paragraphs=_paragraphs(swap, schedule, zone),
                expires_at=swap.end if swap.status is SwapStatus.OPEN else now + timedelta(days=1),
            )
            for user, zone in zones.items()
        ],
        now=now,
    )


def _headline(swap: Swap, names: Mapping[UserId, str], schedule: str) -> str:
    giver = names.get(swap.giver, "somebody")
    taker = names.get(swap.taker, "somebody") if swap.taker else "whoever wants them"
    match swap.status:
        case SwapStatus.OPEN if swap.kind is SwapKind.OFFER:
            return f"{giver} offers {taker} hours on call in {schedule}"
        case SwapStatus.OPEN:
            return f"{taker} asks to take {giver}'s hours on call in {schedule}"
        case SwapStatus.TAKEN:
            return f"Swapped: {taker} is on call in {schedule} for {giver}"
        case status:
            return f"Swap {status.value}: {giver}'s hours on call in {schedule}"


def _paragraphs(swap: Swap, schedule: AuthoredSchedule, zone: str) -> tuple[str, ...]:
    said = [f"From {local(swap.start, zone)} to {local(swap.end, zone)} ({zone})."]
    if swap.in_return is not None:
        said.append(f"In return: from {local(swap.in_return[0], zone)} to {local(swap.in_return[1], zone)}.")
    if swap.note:
        said.append(swap.note)
    if swap.status is SwapStatus.OPEN:
        path = f"/api/v1/schedules/{schedule.id}/swaps/{swap.id}"
        said.append(f"To answer: POST {path}/accept or {path}/decline. Until then nothing changes.")
    elif swap.decided_by:
        said.append(f"By {swap.decided_by}.")
    return tuple(said)


def local(at: datetime, zone: str) -> str:
    """The time on somebody's wall."""
    return f"{to_wall(mono(to_seconds(at), zone)):%a %d %b %Y %H:%M}"
