"""What can be done in a room: write, edit, delete, read; whom a message names is paged or told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.access.values import Caller, Scope
from oncall.communications.commands.settings import settled
from oncall.communications.rules import rooms as rules
from oncall.communications.store import mirrors as mirror_store
from oncall.communications.store import rooms as store
from oncall.communications.values.mirrors import MirrorState
from oncall.communications.values.rooms import (
    MessageId,
    Posted,
    RoomEntry,
    RoomKind,
    RoomMessage,
    RoomMoved,
    UnknownMessage,
)
from oncall.contacts.commands import load_reach
from oncall.contacts.values import Urgency
from oncall.incidents.commands import responders
from oncall.incidents.commands.verbs import get_incident
from oncall.incidents.rules.responders import STANDS
from oncall.incidents.values import Incident, Status
from oncall.kit.actors import ENGINE, Actor
from oncall.kit.db import notify
from oncall.kit.errors import Stale
from oncall.kit.ids import IncidentId, UserId, new_id
from oncall.notifications import NewNotice, send_notices
from oncall.teams.commands import get_users, list_users


@dataclass(frozen=True, slots=True)
class SeenRoom:
    """Some messages of a room, the number of the last thing that was done in it, and how far it is shown elsewhere."""

    messages: Sequence[RoomMessage]
    last_seq: int
    mirror: MirrorState | None


TOPIC = "rooms"
"""What is poked when something was said."""

OPEN = {Status.TRIGGERED, Status.ACKNOWLEDGED}


async def post(tx: AsyncConnection, ref: UUID | int, text: str, *, by: Actor, now: datetime) -> Posted:
    """Say something in the room of an incident, also when it is over; who is named in it is paged, or told."""
    incident = await _room_of(tx, ref)
    id = MessageId(new_id())
    people, says = await _named(tx, text)
    mentions, said = await _call(tx, incident, id, text, people, by=by, now=now)
    seq = await store.next_seq(tx, incident.id)
    message = RoomMessage(id, incident.id, seq, text, by, now, mentions=tuple(mentions))
    await store.add_message(tx, message)
    await _record(tx, incident, message, seq, RoomKind.POSTED, by, now=now)
    return Posted(message, [*says, *said])


async def tell(tx: AsyncConnection, incident: Incident, text: str, *, now: datetime) -> None:
    """The program itself says something in a room: that a bridge has opened. The timeline says so by itself."""
    seq = await store.next_seq(tx, incident.id)
    message = RoomMessage(MessageId(new_id()), incident.id, seq, text, ENGINE, now)
    await store.add_message(tx, message)
    await _pass_on(tx, incident, message, seq, RoomKind.POSTED, ENGINE, now=now)


async def edit(
    tx: AsyncConnection, ref: UUID | int, id: MessageId, text: str, *, expected_version: int | None, by: Actor, now: datetime
) -> Posted:
    """Say it otherwise; what was said before stays in the timeline. Who is named only now is paged, or told, now."""
    incident = await _room_of(tx, ref)
    before = await get_message(tx, incident.id, id)
    rules.edited(before, text, by, (), now=now)  # nobody is called by an edit that is refused
    people, says = await _named(tx, text)
    mentions, said = await _call(tx, incident, id, text, people, by=by, already=before.mentions, now=now)
    locked = await _locked(tx, incident.id, id, expected_version)
    after = rules.edited(locked, text, by, mentions, now=now)
    if after is None:
        return Posted(locked, says)
    seq = await store.next_seq(tx, incident.id)
    await store.save_message(tx, after)
    await _record(tx, incident, after, seq, RoomKind.EDITED, by, now=now)
    return Posted(after, [*says, *said])


async def delete(tx: AsyncConnection, ref: UUID | int, id: MessageId, *, by: Actor, caller: Caller, now: datetime) -> None:
    """Take it out of the room, where a mark stays; deleting it again is no error."""
    incident = await get_incident(tx, ref)
    locked = await _locked(tx, incident.id, id, None)
    after = rules.deleted(locked, by, is_admin=caller.scope is Scope.ADMIN, now=now)
    if after is None:
        return
    seq = await store.next_seq(tx, incident.id)
    await store.save_message(tx, after)
    await _record(tx, incident, after, seq, RoomKind.DELETED, by, now=now)


async def get_message(tx: AsyncConnection, ref: UUID | int, id: MessageId) -> RoomMessage:
    incident = await get_incident(tx, ref)
    found = await store.find_message(tx, incident.id, id)
    if found is None:
        raise UnknownMessage
    return found


async def list_messages(tx: AsyncConnection, ref: UUID | int, *, before: UUID | None, limit: int) -> SeenRoom:
    """Newest first; what comes after `last_seq`, a stream tells."""
    incident = await get_incident(tx, ref)
    last = await store.last_seq(tx, incident.id)  # first, so that nothing is in neither of both
    messages = await store.list_messages(tx, incident.id, before=before, limit=limit)
    return SeenRoom(messages, last, await mirror_store.find_state(tx, incident.id))


async def last_seq(tx: AsyncConnection, incident_id: IncidentId) -> int:
    return await store.last_seq(tx, incident_id)


async def entries_after(tx: AsyncConnection, after: Mapping[IncidentId, int], *, limit: int) -> Mapping[IncidentId, Sequence[RoomEntry]]:
    """What was done in each of these rooms after that number, in order; one statement for any number of them."""
    return await store.list_entries(tx, after, limit=limit)


async def _room_of(tx: AsyncConnection, ref: UUID | int) -> Incident:
    """The room of an incident, unless the conversation goes on in another's."""
    incident = await get_incident(tx, ref)
    if incident.merged_into_id is None:
        return incident
    other = await get_incident(tx, incident.merged_into_id)
    raise RoomMoved(f"#{incident.number} was merged into #{other.number}: go on in the room of that one.")


async def _locked(tx: AsyncConnection, incident_id: IncidentId, id: MessageId, expected_version: int | None) -> RoomMessage:
    locked = await store.find_message(tx, incident_id, id, lock=True)
    if locked is None:
        raise UnknownMessage
    if expected_version is not None and locked.version != expected_version:
        raise Stale(f"This message is at version {locked.version} by now: read it again, and edit that one.")
    return locked


async def _named(tx: AsyncConnection, text: str) -> tuple[list[UserId], list[str]]:
    """Whom a text names, and which of its names are nobody's."""
    named = rules.mentioned(text)
    by_email: dict[str, UserId] = {}
    for email in named.emails:
        for user in await list_users(tx, email=email, limit=1):
            by_email[email] = user.id
    known = await get_users(tx, named.user_ids) if named.user_ids else {}
    people = dict.fromkeys([*by_email.values(), *(id for id in named.user_ids if id in known)])
    return list(people), rules.unknown(named, by_email, known)


async def _call(
    tx: AsyncConnection,
    incident: Incident,
    id: MessageId,
    text: str,
    people: Sequence[UserId],
    *,
    by: Actor,
    already: Sequence[UserId] = (),
    now: datetime,
) -> tuple[list[UserId], list[str]]:
    """Page or tell those who are named; returns them, and what is to be said of it. Before the room is locked: incidents come first."""
    if not people:
        return [], []
    is_open = incident.status in OPEN
    asked = {one.user_id for one in await responders.list_requests(tx, incident.id) if one.state in STANDS}
    paged, told = rules.told_and_paged(people, by=by, asked_before=asked, is_open=is_open, already=already)
    says: list[str] = []
    if paged:
        message = rules.one_line(text)
        says += (await responders.ask(tx, incident.id, by=by, user_ids=paged, message=message, now=now)).says
    if told:
        await _notice(tx, incident, id, text, told, by=by, now=now)
        names = await get_users(tx, told)
        why = "was asked to join before" if is_open else "is told, and not paged, since the incident is over"
        says += [f"{names[user].name} {why}" + (": they are told, and not paged once more" if is_open else "") for user in told]
    return [*paged, *told], says


async def _notice(
    tx: AsyncConnection, incident: Incident, id: MessageId, text: str, people: Sequence[UserId], *, by: Actor, now: datetime
) -> None:
    subject = f"{by.name} mentioned you in the room of #{incident.number}: {rules.one_line(incident.title, limit=100)}"
    urgency = Urgency.HIGH if incident.status in OPEN else Urgency.LOW
    notices = [
        NewNotice(
            user_id=user,
            kind="mention",
            topic=f"mention/{id}/{user}",
            urgency=urgency.value,
            subject=subject,
            paragraphs=(rules.one_line(text, limit=500),),
        )
        for user in people
    ]
    await send_notices(tx, notices, await load_reach(tx, sorted(people)), now=now)


async def _record(
    tx: AsyncConnection, incident: Incident, message: RoomMessage, seq: int, kind: RoomKind, by: Actor, *, now: datetime
) -> None:
    """In the timeline with what was said, in the room, and to whoever listens."""
    detail: dict[str, object] = {"message_id": f"{message.id}", "message": message.seq}
    if kind is not RoomKind.DELETED:
        detail["text"] = message.text
    await timeline.add(tx, [timeline.Entry(message.incident_id, now, rules.KINDS[kind], by, rules.words_of(kind, message, by), detail)])
    await _pass_on(tx, incident, message, seq, kind, by, now=now)


async def _pass_on(
    tx: AsyncConnection, incident: Incident, message: RoomMessage, seq: int, kind: RoomKind, by: Actor, *, now: datetime
) -> None:
    """To whoever listens, here or where the room is shown besides."""
    is_deleted = kind is RoomKind.DELETED
    entry = RoomEntry(incident.id, seq, kind, message.id, message.seq, message.text, is_deleted, by, now)
    await store.add_entry(tx, entry)
    said = await settled(tx, incident.service_id)
    if said.slack_channel is not None:
        await mirror_store.want(tx, incident.id, said.slack_channel, seq, now=now)
    await notify(tx, TOPIC)
