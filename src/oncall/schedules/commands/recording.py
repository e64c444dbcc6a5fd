"""Write down who was on call, so that the past can be asked about whatever changes later; and find out whether it still agrees."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId
from oncall.kit.zones import to_instant, to_seconds, tzdata_version
from oncall.schedules import rules
from oncall.schedules.commands.editing import forget_former
from oncall.schedules.commands.lookup import load_one, load_schedules, rendered, with_outer
from oncall.schedules.store import recording as store
from oncall.schedules.store import references
from oncall.schedules.values import Difference

EVERY = timedelta(minutes=10)
BATCH = 200
Due = tuple[ScheduleId, datetime]


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> list[Due]:
    """Schedules to be written down, each with the instant up to which it is."""
    return await store.claim_due(tx, due_by=due_by, limit=min(limit, BATCH), waiting=waiting)


async def record_due(tx: AsyncConnection, due: Sequence[Due], *, now: datetime) -> None:
    """Append what happened up to now: people and reasons at every change, with the release of the time zone rules that decided."""
    until = to_instant(to_seconds(now))
    schedules = await load_schedules(tx, [id for id, _ in due], since=min(since for _, since in due), until=until, recorded=False)
    last = await store.last_entries(tx, schedules)
    entries = [
        entry
        for id, since in due
        if id in schedules
        for entry in rules.entries_between(schedules[id], last.get(id), since=since, until=until)
    ]
    if entries:
        await store.append(tx, entries, tzdata=tzdata_version(), now=now)
    for id, since in due:
        if id in schedules and any(
            version.effective_from in range(to_seconds(since), to_seconds(until)) for version in schedules[id].versions
        ):
            await forget_former(tx, id, now=until)
    await store.done(tx, [id for id, _ in due], until=until, next_at=now + EVERY)


async def record_teams(tx: AsyncConnection, teams: Sequence[TeamId], *, now: datetime) -> None:
    """Write down what these teams' turns meant until now: who is in a team, and which schedule stands for it, has no history of its own."""
    if not teams:
        return
    found = await references.schedules_with_teams(tx, teams)
    if found:
        await record_due(tx, await store.claim(tx, await with_outer(tx, found)), now=now)


async def audit(tx: AsyncConnection, id: ScheduleId, *, since: datetime, until: datetime) -> list[Difference]:
    """Where the record says otherwise than the resolver would today, for instance after a fix or a new release of the time zone rules.

    The record stays as it is: it is what people were told, and whom we paged.
    """
    rules.check_range(since, until)
    recorded = await load_one(tx, id, since=since, until=until, at=since)
    computed = replace(recorded, record=None)
    return rules.differences(await rendered(recorded, since, until), await rendered(computed, since, until), since, until)


async def postpone(tx: AsyncConnection, id: ScheduleId, *, until: datetime) -> None:
    await store.postpone(tx, id, next_at=until)


async def next_at(tx: AsyncConnection) -> datetime | None:
    return await store.next_at(tx)
