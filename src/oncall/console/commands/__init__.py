"""What the acknowledge link does: show, or act as the person it was made for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.rules import read_link
from oncall.access.values import BundleToken, LinkToken, LinkVerb
from oncall.console.commands.testing import show_test
from oncall.console.rules import help_page, link_page, list_page, reporter_page
from oncall.console.values import GONE_USER, UNKNOWN, Line, LinkPage
from oncall.contacts.commands import load_channels
from oncall.desk.commands.records import get_records
from oncall.desk.values import Verdict
from oncall.desk.values.closing import NotReady
from oncall.incidents.commands import reporters, vendors, verbs
from oncall.incidents.commands.handing_on import escalate_from_afar
from oncall.incidents.rules.telling import report_of
from oncall.incidents.values import Incident, UnknownIncident
from oncall.incidents.values.vendors import Say, UnknownVendor
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.errors import Refusal
from oncall.kit.ids import ContactMethodId, ServiceId, UserId
from oncall.notifications import find_printed, was_paged_since
from oncall.services.commands import get_services
from oncall.services.values import Service
from oncall.teams.commands import get_users

ANSWERS = {Verdict.SATISFIED.value, Verdict.NOT_SATISFIED.value}


def read_token(text: str, ring: Sequence[bytes]) -> LinkToken | BundleToken | None:
    """What a link of ours says; None for anything else. Asks no database."""
    return read_link(text, ring)


async def open_link(tx: AsyncConnection, token: LinkToken | BundleToken, *, now: datetime) -> LinkPage:
    """The page behind a link. Changes nothing, however often and by whomever it is opened."""
    return await _page(tx, token, act=False, now=now)


async def press_link(tx: AsyncConnection, token: LinkToken | BundleToken, *, now: datetime) -> LinkPage:
    """Do what the link says, and show what came of it. Pressing again changes nothing."""
    return await _page(tx, token, act=True, now=now)


async def hear(tx: AsyncConnection, token: LinkToken, word: str, text: str, *, now: datetime) -> LinkPage:
    """What somebody outside says by the form of their page; a word that is none of the form's is a note."""
    said = Say(word) if word in set(Say) else Say.NOTE
    try:
        vendor, incident, changed = await vendors.say(tx, token.user_id, said, text, now=now)
    except UnknownVendor:
        return UNKNOWN
    return help_page(vendor, incident, service=await _service_of(tx, incident), said=changed, now=now)


async def _help(tx: AsyncConnection, token: LinkToken, *, now: datetime) -> LinkPage:
    try:
        vendor, incident = await vendors.see(tx, token.user_id)
    except UnknownVendor:
        return UNKNOWN
    return help_page(vendor, incident, service=await _service_of(tx, incident), said=False, now=now)


async def hear_reporter(tx: AsyncConnection, token: LinkToken, word: str, text: str, *, now: datetime) -> LinkPage:
    """What whoever reported it says by the form of their page; what is neither yes nor no changes nothing."""
    said = Verdict(word) if word in ANSWERS else None
    try:
        if said is not None:
            await reporters.answer(tx, token.incident_id, said, text, now=now)
    except NotReady:
        said = None  # somebody reopened or closed it meanwhile: the page says how it is
    except UnknownIncident:
        return UNKNOWN
    return await _reporter(tx, token, said=said, now=now)


async def _reporter(tx: AsyncConnection, token: LinkToken, *, said: Verdict | None = None, now: datetime) -> LinkPage:
    try:
        incident, record = await reporters.see(tx, token.incident_id)
    except UnknownIncident:
        return UNKNOWN
    return reporter_page(incident, record, service=await _service_of(tx, incident), said=said, now=now)


async def _service_of(tx: AsyncConnection, incident: Incident) -> str:
    return (await get_services(tx, [incident.service_id]))[incident.service_id].name


async def _page(tx: AsyncConnection, token: LinkToken | BundleToken, *, act: bool, now: datetime) -> LinkPage:
    if isinstance(token, LinkToken) and token.verb is LinkVerb.HELP:
        return await _help(tx, token, now=now)
    if isinstance(token, LinkToken) and token.verb is LinkVerb.VERIFY:
        return await _reporter(tx, token, now=now)
    if isinstance(token, LinkToken) and token.verb is LinkVerb.TEST:
        return await show_test(tx, token, now=now)
    by = await _actor(tx, token)
    if by is None:
        return GONE_USER
    if isinstance(token, BundleToken):
        return await _list(tx, token, by, act=act, now=now)
    # Somebody whom the newest cycle has not paged has no say in it, whatever they were sent before.
    counts = await was_paged_since(tx, token.incident_id, token.user_id, cycle=token.cycle)
    try:
        if act and counts:
            done = await _press(tx, token, by, now=now)
        else:
            done = await _as_it_is(tx, token)
    except UnknownIncident:
        return UNKNOWN
    incident = done.incident
    service = (await get_services(tx, [incident.service_id]))[incident.service_id].name
    page = link_page(
        token, incident, user=by.name, service=service, counts=counts, acted=act, cancelled=done.cancelled, asked=done.asked, now=now
    )
    record = (await get_records(tx, [incident.id])).get(incident.id)
    return replace(page, report=report_of(record)) if record else page


async def _actor(tx: AsyncConnection, token: LinkToken | BundleToken) -> Actor | None:
    """Whoever it was made for; behind the link of a channel may be anybody who reads it, so it acts in nobody's name."""
    user = (await get_users(tx, [token.user_id])).get(token.user_id)
    if user is not None:
        return Actor(ActorKind.USER, user.id, user.name, "link")
    channel = (await load_channels(tx, [ContactMethodId(token.user_id)])).get(ContactMethodId(token.user_id))
    return Actor(ActorKind.USER, None, f"somebody of {channel.name}", "link") if channel is not None else None


async def _list(tx: AsyncConnection, token: BundleToken, by: Actor, *, act: bool, now: datetime) -> LinkPage:
    """Each incident that the message listed, in the order of ids, in which they are locked; nothing that joined later."""
    lines: list[Line] = []
    services: dict[ServiceId, Service] = {}
    for one in await find_printed(tx, token.bundle_id, token.user_id):
        its = LinkToken(one.incident_id, token.user_id, LinkVerb.ACKNOWLEDGE, one.cycle, one.round)
        counts = await was_paged_since(tx, one.incident_id, token.user_id, cycle=one.cycle)
        done = await _press(tx, its, by, now=now) if act and counts else await _as_it_is(tx, its)
        services |= await get_services(tx, [done.incident.service_id])
        lines.append(Line(done.incident, services[done.incident.service_id].name, counts, done.changed, done.cancelled))
    return list_page(lines, user=by.name, acted=act, now=now) if lines else UNKNOWN


async def _as_it_is(tx: AsyncConnection, token: LinkToken) -> verbs.Done:
    """Nothing is done; of one that was merged the incident that has its alerts now is shown."""
    named = await verbs.get_incident(tx, token.incident_id)
    end = await verbs.end_of(tx, named)
    return verbs.Done(end, changed=False, cancelled=0, asked=named if end.id != named.id else None)


async def _press(tx: AsyncConnection, token: LinkToken, by: Actor, *, now: datetime) -> verbs.Done:
    if token.verb is LinkVerb.RESOLVE:
        done = await verbs.resolve(tx, token.incident_id, by=by, now=now)
        return await _as_it_is(tx, token) if done.incident.merged_into_id else done
    if token.verb is LinkVerb.ESCALATE:
        try:
            return await escalate_from_afar(tx, token.incident_id, by=by, now=now)
        except Refusal:
            return await _as_it_is(tx, token)  # it was resolved at this very moment
    return await verbs.acknowledge(tx, token.incident_id, by=by, owner_id=UserId(by.id) if by.id else None, now=now)
