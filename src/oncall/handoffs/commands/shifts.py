"""Tells people of their shifts, hands over what is open, and offers the hours after a night of pages to whoever is next."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Urgency
from oncall.handoffs import rules, store
from oncall.handoffs.commands.telling import local, tell, tell_of_swap
from oncall.handoffs.values import LONGEST_NOTICE, USUAL_PREFERENCE, NoticeKind, Preference, ShiftNotice, Swap, SwapId, SwapKind
from oncall.incidents.commands.verbs import list_incidents
from oncall.incidents.values import Incident, Status
from oncall.kit.ids import ScheduleId, ServiceId, UserId, new_id
from oncall.notifications.commands import paged_between
from oncall.notifications.values import NewNotice
from oncall.schedules.commands import LOOK_AHEAD, changed_schedules, load_schedules, schedule_ids
from oncall.schedules.commands.editing import get_schedule
from oncall.schedules.commands.lookup import with_outer
from oncall.schedules.rules import on_call_at, outlook_at, shifts_between
from oncall.schedules.values import Schedule
from oncall.services.commands import services_that_page
from oncall.teams.commands import get_user, get_users, names_of
from oncall.teams.values import User

LOOK_EVERY = timedelta(minutes=5)
BATCH = 100
MOST_INCIDENTS = 20
Due = tuple[ScheduleId, datetime]


async def get_preference(tx: AsyncConnection, user_id: UserId) -> Preference:
    await get_user(tx, user_id)
    return (await store.get_preferences(tx, [user_id])).get(user_id, USUAL_PREFERENCE)


async def set_preference(tx: AsyncConnection, user_id: UserId, preference: Preference) -> Preference:
    await get_user(tx, user_id)
    await store.save_preference(tx, user_id, preference)
    return preference


async def watch_all(tx: AsyncConnection, *, since: datetime, now: datetime) -> None:
    """New schedules are watched from now on, deleted ones no more; what was written after `since` is looked at again at once."""
    existing, known = set(await schedule_ids(tx)), await store.watched(tx)
    if existing - known:
        await store.watch(tx, existing - known, now=now)
    if known - existing:
        await store.unwatch(tx, known - existing)
    await store.look_again(tx, await changed_schedules(tx, since=since), now=now)


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> list[Due]:
    """Schedules whose people may have to be told something."""
    return await store.claim_due(tx, due_by=due_by, limit=min(limit, BATCH), waiting=waiting)


async def next_at(tx: AsyncConnection) -> datetime | None:
    return await store.next_at(tx)


async def postpone(tx: AsyncConnection, id: ScheduleId, *, until: datetime) -> None:
    await store.postpone(tx, id, next_at=until)


async def tell_due(tx: AsyncConnection, due: Sequence[Due], *, now: datetime) -> None:
    """What is to be told of each schedule now, and when to look again."""
    since = min(told for _, told in due)
    first, last = since - LOOK_AHEAD, now + LONGEST_NOTICE + LOOK_AHEAD
    schedules = await load_schedules(tx, [id for id, _ in due], since=first, until=last, recorded=False)
    looks = {id: now + LOOK_EVERY for id, _ in due}
    notices: list[ShiftNotice] = []
    preferences: dict[UserId, Preference] = {}
    for id, told_until in due:
        if id not in schedules:
            continue
        # An edit within the second of the last look begins with that second; what was told of it already is not told again.
        untold_since = told_until - timedelta(seconds=1)
        shifts = shifts_between(schedules[id], untold_since, now + LONGEST_NOTICE)
        preferences |= await store.get_preferences(tx, {shift.user for shift in shifts} - preferences.keys())
        notices += rules.notices_now(id, shifts, preferences, told_until=untold_since, now=now)
        looks[id] = rules.next_look(shifts, preferences, now=now, at_most=LOOK_EVERY)
        await _offer_quiet_time(tx, schedules[id], preferences, now=now)
    await _send(tx, notices, schedules, preferences, now=now)
    await store.done(tx, looks, now=now)


async def _send(
    tx: AsyncConnection,
    notices: Sequence[ShiftNotice],
    schedules: Mapping[ScheduleId, Schedule],
    preferences: Mapping[UserId, Preference],
    *,
    now: datetime,
) -> None:
    if not notices:
        return
    users = await get_users(tx, {notice.user_id for notice in notices})
    # Who is on call in a nested schedule is paged by the policies of those around it.
    around = {id: await with_outer(tx, [id]) for id in {notice.schedule_id for notice in notices}}
    services = await services_that_page(tx, {outer for ids in around.values() for outer in ids})
    open_of = {id: await _open_incidents(tx, [one for outer in ids for one in services[outer]]) for id, ids in around.items()}
    words = []
    for notice in notices:
        if (user := users.get(notice.user_id)) is not None:
            schedule, open_now = schedules[notice.schedule_id], open_of[notice.schedule_id]
            words.append(await _words(tx, notice, schedule, user, preferences.get(user.id, USUAL_PREFERENCE), open_now, now=now))
    await tell(tx, words, now=now)


async def _words(
    tx: AsyncConnection,
    notice: ShiftNotice,
    schedule: Schedule,
    user: User,
    preference: Preference,
    incidents: Sequence[Incident],
    *,
    now: datetime,
) -> NewNotice:
    zone = user.time_zone
    until = f" until {local(notice.end, zone)}" if notice.end else ""
    others = [one for one in on_call_at(schedule, at=max(now, notice.start)).users if one != user.id]
    names = await names_of(tx, others)
    beside = f"On call as well: {', '.join(names.values())}." if names and notice.kind is not NoticeKind.ENDED else ""
    match notice.kind:
        case NoticeKind.COMING:
            subject = f"You will be on call in {schedule.name} from {local(notice.start, zone)}"
            said = [f"Your shift lasts{until or ' for more than a year'} ({zone}).", beside]
        case NoticeKind.BEGUN:
            subject = f"You are on call in {schedule.name} now"
            said = [f"Your shift began {local(notice.start, zone)}{' and lasts' + until if until else ''} ({zone}).", beside]
        case NoticeKind.ENDED:
            now_on = ", ".join(names.values()) or "nobody"
            subject = f"Your shift in {schedule.name} has ended"
            said = [f"On call now: {now_on}."]
        case _:
            assert_never(notice.kind)
    if notice.kind is not NoticeKind.COMING:
        said += _handed_over(incidents)
    return NewNotice(
        user_id=user.id,
        kind="handoff",
        topic=rules.topic_of(notice, rules.before_of(notice, preference, now=now)),
        urgency=Urgency.LOW.value,
        subject=subject,
        paragraphs=tuple(one for one in said if one),
        expires_at=notice.until,
    )


def _handed_over(incidents: Sequence[Incident]) -> list[str]:
    if not incidents:
        return ["No incident is open."]
    listed = [f"#{one.number} {one.status.value}: {one.title}" for one in incidents[:MOST_INCIDENTS]]
    more = f"… and {len(incidents) - MOST_INCIDENTS} more." if len(incidents) > MOST_INCIDENTS else ""
    return [f"Open now ({len(incidents)}):", *listed, *([more] if more else [])]


async def _open_incidents(tx: AsyncConnection, services: Sequence[ServiceId]) -> list[Incident]:
    """What is open of the services whose policy pages a schedule."""
    statuses = [Status.TRIGGERED, Status.ACKNOWLEDGED]
    return await list_incidents(tx, before=None, statuses=statuses, service_ids=services, limit=10 * MOST_INCIDENTS) if services else []


async def _offer_quiet_time(tx: AsyncConnection, schedule: Schedule, preferences: Mapping[UserId, Preference], *, now: datetime) -> None:
    """Somebody who was paged at night and is still on call in the morning: their first hours are offered to whoever is next."""
    wishes = {
        user: wish.quiet_time
        for user in on_call_at(schedule, at=now).users
        if (wish := preferences.get(user)) is not None and wish.quiet_time is not None
    }
    users = await get_users(tx, wishes) if wishes else {}
    for user in users.values():
        morning = rules.morning_of(user.time_zone, wishes[user.id], now=now)
        if morning is None:
            continue
        paged = await paged_between(tx, user.id, since=morning.night_began, until=morning.night_ended)
        outlook = outlook_at(schedule, at=now)
        shift = next(one for one in outlook.shifts if one.user == user.id)
        end = min(morning.until, shift.end) if shift.end else morning.until
        second = _second_in_line(schedule, user.id, outlook.end)
        if paged is None or second is None or end <= now:
            continue
        note = f"Quiet time after the page at {local(paged, user.time_zone)} ({user.time_zone})."
        swap = Swap(
            SwapId(new_id()), schedule.id, SwapKind.OFFER, user.id, second, now.replace(microsecond=0), end, None, note, "oncall", now
        )
        topic = f"quiet/{schedule.id}/{user.id}/{morning.night_ended:%Y-%m-%d}"
        if await store.add_swap(tx, swap, topic=topic):
            await tell_of_swap(tx, swap, await get_schedule(tx, schedule.id, now=now), now=now)


def _second_in_line(schedule: Schedule, user: UserId, handoff: datetime | None) -> UserId | None:
    """The next one who is on call that is somebody else."""
    at = handoff
    for _ in range(10):
        if at is None:
            return None
        outlook = outlook_at(schedule, at=at)
        others = [one for one in outlook.on_call.users if one != user]
        if others:
            return others[0]
        at = outlook.end
    return None
