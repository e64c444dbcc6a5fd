"""Telling everyone else how an incident stands; seeing what was told; taking back what should not have been."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.communications.adapters.markdown import to_html
from oncall.communications.commands.clocks import cadence_of, is_in_time, owed_of, set_clock
from oncall.communications.commands.delivering import tell_subscribers
from oncall.communications.commands.templates import get_template
from oncall.communications.rules.cadences import told
from oncall.communications.rules.wording import fill, plain
from oncall.communications.store import deliveries
from oncall.communications.store import updates as store
from oncall.communications.values.cadences import Clock, Owed
from oncall.communications.values.updates import (
    Audience,
    Filling,
    MergedElsewhere,
    NeedsTitle,
    NoText,
    OnlyPublicHas,
    Published,
    PublishedId,
    State,
    StatusUpdate,
    Template,
    UnknownUpdate,
    UpdateId,
    Wanted,
)
from oncall.incidents.commands.acting import lock
from oncall.incidents.commands.affirming import still_on_it
from oncall.incidents.commands.verbs import get_incident
from oncall.incidents.values import Incident
from oncall.kit.actors import Actor
from oncall.kit.compiled import changed
from oncall.kit.ids import ServiceId, new_id
from oncall.services.commands import get_services
from oncall.silences.commands.muting import check_services

FEEDS = "status feeds"
"""The topic of what status pages are made from."""

NEWEST = UUID(int=2**128 - 1)
SHOWN_IN_TIMELINE = 300


@dataclass(frozen=True, slots=True)
class Drafted:
    """An update as it would be told."""

    audience: Audience
    state: State
    title: str | None
    text: str
    html: str
    service_ids: tuple[ServiceId, ...]
    clock: Clock | None

    @property
    def next_update_due_at(self) -> datetime | None:
        return self.clock.due_at if self.clock else None


async def publish(
    tx: AsyncConnection, ref: UUID | int, wanted: Wanted, *, by: Actor, now: datetime
) -> tuple[StatusUpdate, Published | None]:
    """Told to subscribers, written to the timeline and, if it is public, shown in feeds: all with one commit."""
    incident = await _locked(tx, ref)
    before = await store.find_published(tx, incident.id)
    draft = await _draft(tx, incident, before, wanted, now=now)
    published = _published(incident, before, draft, now=now)
    if published is not None:
        await store.save_published(tx, published)
        await changed(tx, FEEDS)
    update = StatusUpdate(
        UpdateId(new_id()),
        incident.id,
        published.id if published else None,
        draft.audience,
        draft.state,
        draft.text,
        draft.html,
        by,
        now,
        draft.next_update_due_at,
    )
    await still_on_it(tx, incident, by, now=now)
    in_time = await is_in_time(tx, incident, now=now)
    await store.add_update(tx, update)
    await set_clock(tx, incident.id, draft.clock)
    await timeline.add(tx, [_entry(update, draft.title, by, in_time=in_time, now=now)])
    await tell_subscribers(tx, update, incident, title=draft.title, service_ids=draft.service_ids, now=now)
    return update, published


async def preview(tx: AsyncConnection, ref: UUID | int, wanted: Wanted, *, now: datetime) -> Drafted:
    """What would be told; nothing is."""
    incident = await get_incident(tx, ref)
    return await _draft(tx, incident, await store.find_published(tx, incident.id), wanted, now=now)


async def list_updates(
    tx: AsyncConnection, ref: UUID | int, *, before: UUID | None, limit: int
) -> tuple[list[StatusUpdate], Published | None, Owed]:
    """Newest first; with what the world knows of the incident, and when whom the next word is owed."""
    incident = await get_incident(tx, ref)
    found = await store.list_updates(tx, incident.id, before=before or NEWEST, limit=limit)
    return found, await store.find_published(tx, incident.id), await owed_of(tx, incident)


async def sent_of(tx: AsyncConnection, updates: Sequence[StatusUpdate]) -> dict[UpdateId, dict[str, int]]:
    """How many of the messages to addresses outside were sent, wait, or failed."""
    counted = await deliveries.counts_of(tx, [update.id for update in updates])
    return {id: dict(counts) for id, counts in counted.items()}


async def retract(tx: AsyncConnection, ref: UUID | int, id: UpdateId, *, by: Actor, now: datetime) -> StatusUpdate:
    """It is shown in no feed any more, and sent to nobody who has not got it; people inside still see it. A second time is no error."""
    incident = await get_incident(tx, ref)
    await lock(tx, incident.id)
    update = await store.find_update(tx, incident.id, id)
    if update is None:
        raise UnknownUpdate
    if update.retracted_at is not None:
        return update
    await store.retract(tx, id, by=by, at=now)
    await deliveries.cancel_all(tx, id, detail=f"retracted by {by.name}", now=now)
    if update.published_id is not None:
        await _as_before(tx, incident, update.published_id)
        await changed(tx, FEEDS)
    reason = f"a status update was retracted by {by.name}: {_short(update.text)}"
    entry = timeline.Entry(incident.id, now, timeline.Kind.UPDATE_RETRACTED, by, reason, {"update_id": str(id)})
    await timeline.add(tx, [entry])
    return replace(update, retracted_at=now, retracted_by=by)


async def _as_before(tx: AsyncConnection, incident: Incident, id: PublishedId) -> None:
    """What the world knows follows from what still stands; nothing, if nothing does."""
    published = await store.find_published(tx, incident.id)
    standing = await store.list_published(tx, [id], limit=1)
    if published is None:
        return
    if not standing:
        await store.delete_published(tx, id)
        return
    await store.save_published(tx, replace(published, state=standing[0].state, updated_at=standing[0].at))


async def _locked(tx: AsyncConnection, ref: UUID | int) -> Incident:
    """One update of an incident at a time: the second sees the title of the first."""
    its = await lock(tx, ref)
    if its.incident.id != its.named.id:
        raise MergedElsewhere(f"Incident #{its.named.number} was merged into #{its.incident.number}: tell of that one.")
    return its.incident


async def _draft(tx: AsyncConnection, incident: Incident, before: Published | None, wanted: Wanted, *, now: datetime) -> Drafted:
    template = await get_template(tx, wanted.template_id) if wanted.template_id else None
    audience = wanted.audience or (template.audience if template else Audience.INTERNAL)
    state = wanted.state or (template.state if template else before.state if before else State.INVESTIGATING)
    priority, every = await cadence_of(tx, incident)
    clock = told(incident.id, state, promised=wanted.next_update_in, every=every, now=now)
    names = await get_services(tx, [incident.service_id])
    filling = Filling(names[incident.service_id].name, incident.number, priority or "", incident.title, clock.due_at if clock else None)
    text = plain(_said(wanted.text, template.text if template else "", filling))
    if not text:
        raise NoText
    title: str | None = None
    service_ids: tuple[ServiceId, ...] = ()
    if audience is Audience.PUBLIC:
        title, service_ids = _title(wanted, template, filling, before), _services(wanted, before, incident)
        await check_services(tx, service_ids, field="service_ids")
    elif wanted.title is not None or wanted.service_ids is not None:
        raise OnlyPublicHas(
            "Only a public update has a title and services: say `audience: public`, or leave them out.",
            field="title" if wanted.title is not None else "service_ids",
        )
    return Drafted(audience, state, title, text, to_html(text), service_ids, clock)


def _said(own: str | None, template: str, filling: Filling) -> str:
    """What somebody wrote goes out as it is; only a template has placeholders."""
    return own if own is not None else fill(template, filling)


def _title(wanted: Wanted, template: Template | None, filling: Filling, before: Published | None) -> str:
    """What is said now, else what the world knows already, else the template's; never the incident's own."""
    title = wanted.title or (before.title if before else fill(template.title, filling) if template else "")
    title = " ".join(plain(title).split())[:200]
    if not title:
        raise NeedsTitle
    return title


def _services(wanted: Wanted, before: Published | None, incident: Incident) -> tuple[ServiceId, ...]:
    return wanted.service_ids or (before.service_ids if before else (incident.service_id,))


def _published(incident: Incident, before: Published | None, draft: Drafted, *, now: datetime) -> Published | None:
    if draft.audience is not Audience.PUBLIC or draft.title is None:
        return None
    if before is None:
        return Published(PublishedId(new_id()), incident.id, draft.title, draft.state, draft.service_ids, now, now)
    return replace(before, title=draft.title, state=draft.state, service_ids=draft.service_ids, updated_at=now)


def _entry(update: StatusUpdate, title: str | None, by: Actor, *, in_time: bool | None, now: datetime) -> timeline.Entry:
    about = f" “{title}”" if title else ""
    reason = f"{update.audience.value} status update{about} by {by.name}, {update.state.value}: {_short(update.text)}"
    detail: dict[str, object] = {"update_id": str(update.id), "audience": update.audience.value, "state": update.state.value}
    if in_time is not None:
        detail["in_time"] = in_time
    return timeline.Entry(update.incident_id, now, timeline.Kind.STATUS_UPDATE, by, reason, detail)


def _short(text: str) -> str:
    said = " ".join(text.split())
    return said if len(said) <= SHOWN_IN_TIMELINE else said[: SHOWN_IN_TIMELINE - 1] + "…"
