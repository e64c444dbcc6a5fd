"""What a careful colleague says about every write, and what an edit would change before it is made."""

import asyncio
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.ports import Channels
from oncall.contacts.commands import load_reach
from oncall.contacts.commands.reaching import lacking_of
from oncall.contacts.rules import silence_hint
from oncall.kit.ids import ScheduleId, TeamId, UserId, new_id
from oncall.kit.zones import to_instant
from oncall.schedules import rules
from oncall.schedules.commands.editing import check_definition, get_schedule, with_ids
from oncall.schedules.commands.lookup import away_between, load_schedules, load_world, rendered, schedules_with
from oncall.schedules.values import (
    Advice,
    AdviceCode,
    AuthoredTemporary,
    Continuation,
    DatedDefinition,
    Definition,
    LoadedSchedule,
    OnCall,
    Override,
    OverrideKind,
    Preview,
    Schedule,
    Tile,
    UnknownSchedule,
)
from oncall.teams.commands import names_of

AHEAD = timedelta(days=90)
YEAR = timedelta(days=366)
MOST_OTHERS = 20
"""With how many other schedules of the same people one is compared."""


async def advise(tx: AsyncConnection, id: ScheduleId, *, channels: Channels, now: datetime) -> list[Advice]:
    """About a schedule as it is now and in the coming months."""
    authored = await get_schedule(tx, id, now=now)
    schedule = (await load_schedules(tx, [id], since=now, until=now + YEAR, recorded=False))[id]
    coming = [
        Advice(
            AdviceCode.REPLACED_LATER,
            f"Version {one.version} takes effect on {one.effective_from:%Y-%m-%d %H:%M} UTC and replaces what is in force until then.",
            one.effective_from,
        )
        for one in authored.upcoming
    ]
    return [*coming, *await _advice_on(tx, schedule, authored.definition.time_zone, channels, now=now)]


async def preview(
    tx: AsyncConnection,
    definition: Definition,
    *,
    id: ScheduleId | None,
    team_id: TeamId | None,
    since: datetime,
    until: datetime,
    effective_from: datetime | None,
    continuation: Continuation,
    channels: Channels,
    now: datetime,
) -> Preview:
    """Who would be on call throughout a range, beside who is: nothing is written. Without an `id` it is about a new schedule."""
    rules.check_range(since, until)
    at = rules.in_force_from(effective_from, now=now)
    first, last = min(since, now), max(until, now + YEAR)
    if id is None:
        before, known = None, LoadedSchedule(ScheduleId(new_id()), "preview", (), ())
        wanted = with_ids(definition, None)
    else:
        authored = await get_schedule(tx, id, now=now)
        world = await load_world(tx, [id], since=first, until=last)
        if id not in world.schedules:
            raise UnknownSchedule
        before, known = rules.schedules_of(world, [id])[id], world.schedules[id]
        in_force = next(
            (v.definition for v in reversed(known.versions) if v.effective_from is None or v.effective_from <= at), authored.definition
        )
        wanted = rules.continued(with_ids(definition, in_force), in_force, at=at, how=continuation)
        team_id = team_id or authored.team_id
    await check_definition(tx, known.id, team_id, wanted, hold=False)
    written = DatedDefinition(2**31, None if id is None else at, wanted, continuation)
    edited = replace(known, versions=rules.going_on(rules.with_version(known.versions, written), after=at))
    world = await load_world(tx, [known.id], since=first, until=last, instead={known.id: edited})
    after = rules.schedules_of(world, [known.id])[known.id]
    tiles_before = rules.joined(await rendered(before, since, until)) if before else []
    tiles_after = rules.joined(await rendered(after, since, until))
    changes = rules.differences(tiles_before, tiles_after, since, until)
    return Preview(
        before=tuple(tiles_before),
        after=tuple(tiles_after),
        changes=tuple(changes),
        gains=tuple(rules.gains(tiles_before, tiles_after, changes)),
        warnings=tuple(await _advice_on(tx, after, wanted.time_zone, channels, now=max(now, since))),
    )


async def advise_on_override(tx: AsyncConnection, id: ScheduleId, override: Override, *, channels: Channels, now: datetime) -> list[Advice]:
    """Whether those who are put on call can be reached, are away, or are on call elsewhere then; and whether anything changes at all."""
    start, end = to_instant(override.start), min(to_instant(override.end), to_instant(override.start) + YEAR)
    schedule = (await load_schedules(tx, [id], since=now, until=end, recorded=False))[id]
    added = {
        *(by for _, by in override.replacements),
        *({override.user} if override.user and override.kind is not OverrideKind.REMOVE else ()),
    }
    without = replace(schedule, overrides=tuple(one for one in schedule.overrides if one.id != override.id))
    tiles, before = await rendered(schedule, start, end), await rendered(without, start, end)
    names = await names_of(tx, added)
    zone = (await get_schedule(tx, id, now=now)).definition.time_zone
    nothing = Advice(AdviceCode.NOTHING_CHANGES, "This changes nobody: the same people are on call then without it.", start)
    changed = rules.differences(before, tiles, start, end)
    away = await away_between(tx, added, since=start, until=end)
    return [
        *([] if changed else [nothing]),
        *rules.new_gaps(changed, zone=zone),
        *await _unreachable(tx, added, channels),
        *(
            Advice(AdviceCode.UNAVAILABLE, f"{names[user]} said that they are unavailable then; an override counts all the same.", start)
            for user in sorted(added & away.keys())
        ),
        *await _elsewhere(tx, schedule, _only(added, tiles), added, names, zone, now=now),
    ]


async def _advice_on(tx: AsyncConnection, schedule: Schedule, zone: str, channels: Channels, *, now: datetime) -> list[Advice]:
    tiles = await rendered(schedule, now, now + AHEAD)
    people = {user for tile in tiles for user in tile.on_call.users}
    named = people | {
        user for layer in rules.current_layers(schedule, now=now) for turn in layer.turns for user in turn if not isinstance(user, Schedule)
    }
    names = await names_of(tx, named)
    return [
        *await asyncio.to_thread(rules.advice_on, schedule, zone=zone, names=names, now=now),
        *await _unreachable(tx, people, channels),
        *await _elsewhere(tx, schedule, tiles, people, names, zone, now=now),
    ]


async def _unreachable(tx: AsyncConnection, people: Collection[UserId], channels: Channels) -> list[Advice]:
    reach = (await load_reach(tx, sorted(people))).values() if people else ()
    hints = [Advice(AdviceCode.NOT_PROVEN_ON_SILENT, hint) for one in reach if (hint := silence_hint(one))]
    lacking = lacking_of(channels, reach)
    return hints + [advice for one in reach if (advice := rules.not_reached(one, lacking))]


async def advise_on_temporary(
    tx: AsyncConnection, id: ScheduleId, temporary: AuthoredTemporary, *, channels: Channels, now: datetime
) -> list[Advice]:
    """About its own hours: where it leaves nobody on call, who cannot be reached, who is on call elsewhere then."""
    start, end = temporary.start, min(temporary.end, temporary.start + YEAR)
    schedule = (await load_schedules(tx, [id], since=now, until=end, recorded=False))[id]
    without = replace(schedule, temporaries=tuple(one for one in schedule.temporaries if one.id != temporary.id))
    tiles = await rendered(schedule, start, end)
    people = {user for tile in tiles for user in tile.on_call.users}
    zone = (await get_schedule(tx, id, now=now)).definition.time_zone
    changed = rules.differences(await rendered(without, start, end), tiles, start, end)
    return [
        *rules.new_gaps(changed, zone=zone),
        *await _unreachable(tx, people, channels),
        *await _elsewhere(tx, schedule, tiles, people, await names_of(tx, people), zone, now=now),
    ]


async def advise_on_absence(tx: AsyncConnection, user_id: UserId, *, start: datetime, end: datetime, now: datetime) -> list[Advice]:
    """Where somebody's absence leaves nobody on call, schedule by schedule."""
    until = min(end, start + YEAR)
    ids = (await schedules_with(tx, [user_id], since=now))[:MOST_OTHERS]
    found: list[Advice] = []
    for schedule in (await load_schedules(tx, ids, since=now, until=until, recorded=False)).values():
        there = replace(schedule, away=tuple(one for one in schedule.away if one.user != user_id))
        changed = rules.differences(await rendered(there, start, until), await rendered(schedule, start, until), start, until)
        zone = (await get_schedule(tx, schedule.id, now=now)).definition.time_zone
        found += rules.new_gaps(changed, zone=zone, name=schedule.name)
    return found


def _only(people: Container[UserId], tiles: Sequence[Tile]) -> list[Tile]:
    """The same tiles with nobody but these people."""
    return [
        replace(tile, on_call=OnCall(tuple(user for user in tile.on_call.users if user in people), tile.on_call.sources)) for tile in tiles
    ]


async def _elsewhere(
    tx: AsyncConnection,
    schedule: Schedule,
    tiles: Sequence[Tile],
    people: Collection[UserId],
    names: Mapping[UserId, str],
    zone: str,
    *,
    now: datetime,
) -> list[Advice]:
    if not people or not tiles:
        return []
    since, until = tiles[0].start, tiles[-1].end
    others = [id for id in await schedules_with(tx, people, since=now) if id != schedule.id][:MOST_OTHERS]
    inside = rules.nested_in(schedule)
    found = await load_schedules(tx, [id for id in others if id not in inside], since=since, until=until, recorded=False)
    return [
        advice
        for other in found.values()
        if schedule.id not in rules.nested_in(other)
        for advice in rules.on_two_at_once(tiles, await rendered(other, since, until), name=other.name, zone=zone, names=names)
    ]
