"""How a rotation is shared out among its people, and who might take its coming turns."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, UserId
from oncall.kit.public_holidays import check_country, holidays_of
from oncall.schedules import rules
from oncall.schedules.commands.editing import get_schedule
from oncall.schedules.commands.lookup import away_between, load_one, rendered
from oncall.schedules.rules.balancing import propose_order
from oncall.schedules.rules.fairness import share_out
from oncall.schedules.values import InvalidSchedule, Layer, LayerId, Schedule
from oncall.schedules.values.fairness import Fairness, Person, Proposal
from oncall.teams.commands import get_users, names_of

LOOK_BACK = timedelta(days=180)
"""How much of the past a proposal makes up for."""
LAST_YEAR = 2100
"""The library knows no public holidays beyond."""


@dataclass(frozen=True, slots=True)
class Holidays:
    """Whose public holidays count: those of a country (two letters), or of a part of it."""

    country: str
    subdivision: str | None = None


async def report(
    tx: AsyncConnection, id: ScheduleId, *, since: datetime, until: datetime, holidays: Holidays | None
) -> tuple[Fairness, int]:
    """What everybody carried in a range of at most a year, and how many seconds of it nobody was on call."""
    rules.check_range(since, until)
    schedule = await load_one(tx, id, since=since, until=until, at=since)
    tiles = await rendered(schedule, since, until)
    users = {user for tile in tiles for user in tile.on_call.users}
    members = {user for layer in rules.current_layers(schedule, now=until) for user in rules.members_of(layer)}
    people = await _people(tx, users | members, _dates(holidays, since, until))
    uncovered = sum(int((gap.end - gap.start).total_seconds()) for gap in rules.gaps(tiles))
    return share_out(tiles, people), uncovered


async def propose(
    tx: AsyncConnection, id: ScheduleId, *, layer_id: LayerId | None, until: datetime, holidays: Holidays | None, now: datetime
) -> tuple[Layer, Proposal]:
    """Who might take the turns of a layer that begin from now on, around what they have said of their unavailability, and making up for
    what each carried in the last half year. Nothing is written."""
    rules.check_range(now, until)
    # Before there was a schedule nobody carried anything, however far its grid reaches back.
    since = min(max(now - LOOK_BACK, (await get_schedule(tx, id, now=now)).created_at), now)
    schedule = await load_one(tx, id, since=since, until=until, at=now)
    layer = _layer(schedule, layer_id, now)
    turns = rules.turns_between(layer, now=now, until=until)
    members = rules.members_of(layer)
    away = await away_between(tx, members, since=now, until=until)
    absences = {user: [(span.start, span.end) for span in spans] for user, spans in away.items()}
    people = await _people(tx, members, _dates(holidays, since, until))
    carried = share_out(await rendered(schedule, since, now), people)
    running = rules.cover_at(layer, now=now)
    # A year of short turns takes up to a second: others have their turn meanwhile.
    proposal = await asyncio.to_thread(
        propose_order,
        turns,
        members,
        absences,
        {share.user: share.burden for share in carried.shares},
        people=people,
        previous=running[0] if running else None,
    )
    return layer, proposal


def _layer(schedule: Schedule, id: LayerId | None, now: datetime) -> Layer:
    layers = [layer for layer in rules.current_layers(schedule, now=now) if layer.rotation is not None and rules.members_of(layer)]
    if id is None and len(layers) == 1:
        return layers[0]
    found = [layer for layer in layers if layer.id == id]
    if not found:
        named = ", ".join(f"{layer.name} ({layer.id})" for layer in layers) or "none"
        raise InvalidSchedule(f"Say which layer with a rotation of people is meant; there are: {named}.", field="layer_id")
    return found[0]


async def _people(tx: AsyncConnection, users: Collection[UserId], holidays: frozenset[date]) -> Mapping[UserId, Person]:
    """Those who were removed are counted in UTC."""
    living, names = await get_users(tx, users), await names_of(tx, users)
    return {
        user: Person(names.get(user, "(removed)"), living[user].time_zone if user in living else "UTC", holidays)
        for user in sorted(users, key=lambda user: (names.get(user, ""), user))
    }


def _dates(holidays: Holidays | None, since: datetime, until: datetime) -> frozenset[date]:
    if holidays is None:
        return frozenset()
    check_country(holidays.country, holidays.subdivision)
    years: Sequence[int] = range(since.year, min(until.year, LAST_YEAR) + 1)
    return frozenset(holidays_of(holidays.country, holidays.subdivision, years))
