"""Draft a postmortem from the timeline, edit it version by version, publish it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.desk.commands.categories import get_category
from oncall.desk.commands.records import get_records
from oncall.desk.values import Record
from oncall.incidents.commands.verbs import end_of, get_incident, list_events, overview
from oncall.incidents.values import Incident, Overview
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, TeamId, new_id
from oncall.notifications import list_for_incident
from oncall.postmortems.commands.settings import get_settings, get_template
from oncall.postmortems.rules import drafting, publishing
from oncall.postmortems.rules.showing import titled
from oncall.postmortems.store import postmortems as store
from oncall.postmortems.values import (
    MOST_INCIDENTS,
    AlreadyWritten,
    InvalidPostmortem,
    NotWritable,
    Postmortem,
    PostmortemId,
    Search,
    Status,
    Text,
    UnknownPostmortem,
    UnknownVersion,
    Version,
)
from oncall.postmortems.values.drafting import Filed, Told
from oncall.services.commands import get_services
from oncall.teams.commands import responders_of
from oncall.teams.rules import check_version
from oncall.timeline import list_entries

MOST_ENTRIES = 1_000
"""Of one incident's timeline that a draft looks at; how many of them it has room for is decided then."""

NEWEST = UUID(int=2**128 - 1)


async def draft(
    tx: AsyncConnection, ref: UUID | int, also: Sequence[UUID], *, title: str | None, caller: Caller, by: Actor, now: datetime
) -> Postmortem:
    """A postmortem of one incident, or of several that belong together; the team of the first one's service owns it. Whoever begins it may
    write for the team of each of them.
    """
    incidents = await _named(tx, ref, also)
    teams = [await team_of(tx, incident) for incident in incidents]
    # An incident is told of once: nobody takes the telling of it from the team that it happened to.
    for team_id in dict.fromkeys(teams):
        await check_writes(tx, caller, team_id)
    team_id = teams[0]
    if told := await store.of_incidents(tx, [one.id for one in incidents]):
        raise AlreadyWritten(next(iter(told.values()))[0])
    stories = [await _story(tx, seen) for seen in await overview(tx, incidents)]
    template = await get_template(tx, team_id)
    text = drafting.draft(stories, template.body, title=title, now=now)
    ids = tuple(sorted(one.id for one in incidents))
    made = Postmortem(PostmortemId(new_id()), team_id, ids, text, by.name, now, by.name, now)
    if not await store.add_postmortem(tx, made):
        raise AlreadyWritten(next(iter((await store.of_incidents(tx, ids)).values()))[0])
    return made


async def _named(tx: AsyncConnection, ref: UUID | int, also: Sequence[UUID]) -> list[Incident]:
    """Each once, the first one first; of one that was merged, the one that has its alerts now."""
    if len(also) >= MOST_INCIDENTS:
        raise InvalidPostmortem(f"A postmortem tells of {MOST_INCIDENTS} incidents at most.", field="incident_ids")
    found: dict[IncidentId, Incident] = {}
    for one in [ref, *also]:
        incident = await end_of(tx, await get_incident(tx, one))
        found.setdefault(incident.id, incident)
    return list(found.values())


async def _story(tx: AsyncConnection, seen: Overview) -> Told:
    incident = seen.incident
    entries = await list_entries(tx, incident.id, limit=MOST_ENTRIES + 1)
    first = await list_events(tx, incident.id, after=None, limit=1)
    record = (await get_records(tx, [incident.id])).get(incident.id)
    return Told(
        incident,
        seen.service,
        seen.owner,
        seen.alerts.open + seen.alerts.resolved,
        first[0].occurred_at if first else None,
        entries[:MOST_ENTRIES],
        len(entries) > MOST_ENTRIES,
        await list_for_incident(tx, incident.id),
        await _filed(tx, record) if record else Filed(),
    )


async def _filed(tx: AsyncConnection, record: Record) -> Filed:
    reporter, impact = record.reporter, record.grading.impact
    path = (await get_category(tx, record.category_id))[1] if record.category_id else ()
    return Filed(
        description=record.description,
        category=" / ".join(path),
        impact=impact.value if impact else "",
        affected_users=record.grading.affected_users,
        reporter=f"{reporter.name} ({reporter.kind.value})" if reporter else "",
        noticed_at=record.noticed_at,
        resolution=record.resolution_text,
    )


async def team_of(tx: AsyncConnection, incident: Incident) -> TeamId | None:
    """Whose service it is about."""
    return (await get_services(tx, [incident.service_id]))[incident.service_id].team_id


async def check_writes(tx: AsyncConnection, caller: Caller, team_id: TeamId | None) -> None:
    responders = (await responders_of(tx, [team_id])).get(team_id, ()) if team_id else ()
    publishing.check_writes(caller, team_id, responders)


async def get_postmortem(tx: AsyncConnection, id: PostmortemId, *, caller: Caller, lock: bool = False) -> Postmortem:
    found = await store.find_postmortem(tx, id, lock=lock)
    if found is None or (found.status is Status.DRAFT and not publishing.sees_drafts(caller)):
        raise UnknownPostmortem
    return found


async def list_postmortems(tx: AsyncConnection, search: Search, *, caller: Caller, before: UUID | None, limit: int) -> list[Postmortem]:
    """Newest first, without their bodies."""
    if not publishing.sees_drafts(caller):
        if search.status is Status.DRAFT:
            return []
        search = replace(search, status=Status.PUBLISHED)
    return await store.list_postmortems(tx, search, before=before or NEWEST, limit=limit)


async def edit(
    tx: AsyncConnection, id: PostmortemId, wanted: Text, *, expected_version: int | None, caller: Caller, by: Actor, now: datetime
) -> Postmortem:
    """One more version; the same words again are none."""
    current = await get_postmortem(tx, id, caller=caller, lock=True)
    await check_writes(tx, caller, current.team_id)
    check_version(current.version, expected_version)
    wanted = titled(wanted, before=current.text)
    publishing.check_text(wanted, await get_settings(tx), before=current.text)
    if current.status is Status.PUBLISHED:
        publishing.check_finished(wanted)
    if wanted == current.text:
        return current
    edited = replace(current, text=wanted, updated_by=by.name, updated_at=now, version=current.version + 1)
    await store.save_postmortem(tx, edited, is_new_version=True)
    return edited


async def publish(tx: AsyncConnection, id: PostmortemId, *, caller: Caller, by: Actor, now: datetime) -> Postmortem:
    """Whoever may read, reads it from now on. A second time changes nothing."""
    current = await get_postmortem(tx, id, caller=caller, lock=True)
    await check_writes(tx, caller, current.team_id)
    if current.status is Status.PUBLISHED:
        return current
    published = publishing.published(current, by=by.name, now=now)
    await store.save_postmortem(tx, published, is_new_version=False)
    return published


async def delete(tx: AsyncConnection, id: PostmortemId, *, caller: Caller) -> None:
    """A draft that was begun by mistake, with its versions and action items."""
    current = await get_postmortem(tx, id, caller=caller, lock=True)
    await check_writes(tx, caller, current.team_id)
    if current.status is Status.PUBLISHED:
        raise NotWritable("This postmortem is published, and what was published stays: edit it instead (PUT).")
    await store.delete_postmortem(tx, id)


async def list_versions(tx: AsyncConnection, id: PostmortemId, *, caller: Caller, before: UUID | None, limit: int) -> list[Version]:
    """Newest first, without their bodies."""
    await get_postmortem(tx, id, caller=caller)
    return await store.list_versions(tx, id, before=min((before or NEWEST).int, 2**31 - 1), limit=limit)


async def get_version(tx: AsyncConnection, id: PostmortemId, number: int, *, caller: Caller) -> Version:
    await get_postmortem(tx, id, caller=caller)
    found = await store.find_version(tx, id, number) if number < 2**31 else None
    if found is None:
        raise UnknownVersion
    return found
