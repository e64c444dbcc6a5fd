"""A schedule as a picture."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId
from oncall.kit.zones import check_zone
from oncall.schedules import rules
from oncall.schedules.commands.editing import get_schedule
from oncall.schedules.commands.lookup import load_one, rendered
from oncall.schedules.rules.picture import draw
from oncall.schedules.rules.rows import rows_of
from oncall.schedules.values import People, Schedule, Tile
from oncall.teams.commands import names_of


async def draw_schedule(tx: AsyncConnection, id: ScheduleId, *, since: datetime, until: datetime, zone: str | None, now: datetime) -> str:
    """A range of at most a year as an SVG document: layers, what changes them, who is on call, gaps, now, and changes of the clocks."""
    rules.check_range(since, until)
    wall = check_zone(zone) if zone is not None else (await get_schedule(tx, id, now=now)).definition.time_zone
    schedule = await load_one(tx, id, since=since, until=until, at=since)
    tiles = await rendered(schedule, since, until)
    names = await names_of(tx, _people(schedule, tiles, since, until))
    rows = await asyncio.to_thread(rows_of, schedule, since, until, names)
    return await asyncio.to_thread(draw, schedule.name, rows, since=since, until=until, now=now, zone=wall, covered=rules.coverage(tiles))


def _people(schedule: Schedule, tiles: Sequence[Tile], since: datetime, until: datetime) -> People:
    """Everybody who can stand in the picture."""
    found = {user for tile in tiles for user in tile.on_call.users}
    found |= {user for layer in rules.current_layers(schedule, now=until) for user in rules.members_of(layer)}
    found |= {user for layer in rules.current_layers(schedule, now=since) for user in rules.members_of(layer)}
    found |= {away.user for away in schedule.away}
    for override in schedule.overrides:
        found |= {user for pair in override.replacements for user in pair} | ({override.user} if override.user else set())
    return tuple(found)
