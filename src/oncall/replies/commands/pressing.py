"""What comes of a button that was pressed in a chat."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.rules import read_link
from oncall.access.values import BundleToken
from oncall.contacts.commands import find_owner, load_channels
from oncall.incidents.values import UnknownIncident
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import ContactMethodId, NotificationId, UserId
from oncall.notifications import find_printed
from oncall.notifications.commands.answering import find_list, find_message
from oncall.replies import rules
from oncall.replies.commands.acting import acknowledge_all, act
from oncall.replies.values import Came, Presser, Verb
from oncall.teams.commands import get_users


async def press_token(tx: AsyncConnection, said: str, ring: Sequence[bytes], presser: Presser, *, now: datetime) -> Came:
    """Do what a signed button says. Pressing again changes nothing."""
    token = read_link(said, ring)
    if token is None:
        return Came(rules.NO_SUCH_BUTTON)
    by, known = await _whoever(tx, token.user_id, presser)
    if by is None:
        return Came(rules.GONE)
    try:
        if isinstance(token, BundleToken):
            listed = await find_printed(tx, token.bundle_id, token.user_id)
            came = await acknowledge_all(tx, listed, told=token.user_id, by=by, now=now) if listed else Came(rules.NO_SUCH_BUTTON)
        else:
            came = await act(tx, token.incident_id, Verb(token.verb.value), cycle=token.cycle, told=token.user_id, by=by, now=now)
    except UnknownIncident:
        return Came(rules.NO_SUCH_BUTTON)
    return came.by(by.name, known=known)


async def press_message(tx: AsyncConnection, id: NotificationId, verb: Verb, presser: Presser, *, chat: str, now: datetime) -> Came:
    """Do what a button says that was pressed in this chat, if that is where the message went: what a button carries can be made up."""
    sent = await find_message(tx, id)
    if sent is None or sent.page is None or (sent.channel, sent.address) != (presser.channel, chat):
        return Came(rules.NO_SUCH_BUTTON)
    # A page to a channel of a team is one to its contact method.
    is_channel = await load_channels(tx, [ContactMethodId(sent.contact_method_id)])
    told = UserId(sent.contact_method_id) if is_channel else sent.user_id
    by, known = await _whoever(tx, told, presser)
    if by is None:
        return Came(rules.GONE)
    try:
        if listed := await find_list(tx, id):
            all_of_it = verb is Verb.ACKNOWLEDGE
            came = await acknowledge_all(tx, listed, told=told, by=by, now=now) if all_of_it else Came(rules.ONE_BY_ONE)
        else:
            came = await act(tx, sent.page.incident_id, verb, cycle=sent.page.cycle, told=told, by=by, now=now)
    except UnknownIncident:
        return Came(rules.NO_SUCH_BUTTON)
    return came.by(by.name, known=known)


async def _whoever(tx: AsyncConnection, told: UserId, presser: Presser) -> tuple[Actor | None, bool]:
    """The person whose proven address this is, or else whoever the message was for: a user, or a channel, in nobody's name. Also whether
    it is known to be them; None if whom it was for is gone.
    """
    channel = (await load_channels(tx, [ContactMethodId(told)])).get(ContactMethodId(told))
    owner = await find_owner(tx, presser.channel, presser.address)
    users = await get_users(tx, [id for id in (told, owner) if id])
    if channel is None and told not in users:
        return None, False
    if owner is not None and owner in users:
        return Actor(ActorKind.USER, owner, users[owner].name, presser.channel), True
    if channel is not None:
        return Actor(ActorKind.USER, None, f"somebody of {channel.name}", presser.channel), False
    return Actor(ActorKind.USER, told, users[told].name, presser.channel), False
