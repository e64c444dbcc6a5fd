"""People of other firms are asked for help: one message with a link, by which they say something of the incident and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.access.rules import sign_link
from oncall.access.values import LinkToken, LinkVerb
from oncall.channels.ports import Channel
from oncall.channels.values import BadAddress
from oncall.contacts.values import Urgency
from oncall.incidents.commands.acting import lock
from oncall.incidents.commands.asking import tell_person
from oncall.incidents.commands.notes import add_note
from oncall.incidents.commands.verbs import end_of, get_incident
from oncall.incidents.rules.returning import check_open
from oncall.incidents.rules.vendors import actor_of, heard, may_speak
from oncall.incidents.store import vendors as store
from oncall.incidents.values import Incident
from oncall.incidents.values.vendors import LONGEST_WORDS, MOST_VENDORS, CannotAsk, Say, TooManyVendors, UnknownVendor, Vendor, VendorId
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, UserId, new_id
from oncall.notifications import NewNotice
from oncall.notifications.commands.outside import send_outside
from oncall.notifications.rules import mask
from oncall.services.commands import get_services

OF_USE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Door:
    """By which channels they can be written to, and what their link begins with and is signed by."""

    channels: Mapping[str, Channel]
    base_url: str
    keys: Sequence[bytes]

    def link(self, incident_id: IncidentId, id: VendorId) -> str:
        return f"{self.base_url}/l/{sign_link(LinkToken(incident_id, UserId(id), LinkVerb.HELP, 0, 0), self.keys)}"


async def ask_vendor(
    tx: AsyncConnection,
    ref: UUID | int,
    name: str,
    email: str | None,
    phone: str | None,
    *,
    message: str,
    door: Door,
    by: Actor,
    now: datetime,
) -> Vendor:
    """They are written to once, by e-mail or by text message. Their page is none: no step waits for them, and nothing is repeated."""
    channel, address = _way_to(email, phone, door)
    incident = (await lock(tx, ref)).incident
    check_open(incident, to="joined")
    if len(await store.list_vendors(tx, incident.id)) >= MOST_VENDORS:
        raise TooManyVendors(f"{MOST_VENDORS} people outside were asked to help with #{incident.number} already, which is the most.")
    id = VendorId(new_id())
    service = (await get_services(tx, [incident.service_id]))[incident.service_id].name
    notice = NewNotice(
        user_id=UserId(id),
        kind="vendor",
        topic=f"vendor/{id}",
        urgency=Urgency.LOW.value,
        subject=f"{by.name} asks for your help: #{incident.number} {incident.title}",
        paragraphs=tuple(one for one in (f"Incident #{incident.number}, {incident.title}, of {service}.", message) if one),
        links=((door.link(incident.id, id), "Say that you have it, that it is solved, or write a note"),),
        expires_at=now + OF_USE,
    )
    sent = await send_outside(tx, notice, name=name, channel=channel, address=address, now=now)
    vendor = Vendor(id, incident.id, name, channel, address, message, by, now, sent)
    await store.add_vendor(tx, vendor)
    said = f"{name} is asked for help by {channel}" + (f": {message}" if message else "")
    await timeline.add(tx, [timeline.Entry(incident.id, now, timeline.Kind.VENDOR_ASKED, by, said, {"vendor_id": f"{id}"})])
    return replace(vendor, address=mask(address))


async def list_vendors(tx: AsyncConnection, ref: UUID | int) -> list[Vendor]:
    incident = await end_of(tx, await get_incident(tx, ref))
    return [replace(one, address=mask(one.address)) for one in await store.list_vendors(tx, incident.id)]


def _way_to(email: str | None, phone: str | None, door: Door) -> tuple[str, str]:
    """The channel and the address as it is to be kept, or a refusal that says what is wrong with it."""
    name, said, field = ("email", email, "external.email") if email is not None else ("sms", phone, "external.phone")
    channel = door.channels.get(name)
    if channel is None:
        raise CannotAsk("This server sends no text messages: ask them by `email`.", field=field)
    try:
        return name, channel.check_address(said or "")
    except BadAddress as error:
        raise CannotAsk(str(error), field=field) from error


async def see(tx: AsyncConnection, id: UUID) -> tuple[Vendor, Incident]:
    """Whoever follows the link, and the incident as it is; of one that was merged, the one that has its alerts now. Changes nothing."""
    vendor = await store.find_vendor(tx, id)
    if vendor is None:
        raise UnknownVendor("Nobody outside was asked by this id.")
    return vendor, await end_of(tx, await get_incident(tx, vendor.incident_id))


async def say(tx: AsyncConnection, id: UUID, word: Say, text: str, *, now: datetime) -> tuple[Vendor, Incident, bool]:
    """What they say goes to timeline and notes, in their name, and to whoever leads the incident; whether it was anything new."""
    seen, _ = await see(tx, id)
    incident = (await lock(tx, seen.incident_id)).incident
    vendor, _ = await see(tx, id)
    said = heard(vendor, word, text[:LONGEST_WORDS], now=now) if may_speak(incident, vendor) else None
    if said is None:
        return vendor, incident, False
    by = actor_of(vendor)
    await store.save_vendor(tx, said.vendor)
    if said.says is not None:
        entry = timeline.Entry(incident.id, now, timeline.Kind.VENDOR_SAID, by, said.says, {"vendor_id": f"{id}"})
        await timeline.add(tx, [entry])
    if said.note is not None:
        await add_note(tx, incident, said.note, by=by, now=now)
    if incident.owner_id is not None:
        words = tuple(one for one in (said.says, said.note) if one)
        await tell_person(tx, incident, incident.owner_id, by, kind="vendor", subject=f"{vendor.name} answers", paragraphs=words, now=now)
    return said.vendor, incident, True
