"""What comes of an answer by telephone: codes are given out, and texts, keys and receipts taken."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.twilio_errors import meaning
from oncall.contacts.commands import load_channels, load_reach
from oncall.contacts.commands.testing import answer_message
from oncall.incidents.commands.undelivered import never_arrives
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import ContactMethodId, NotificationId
from oncall.notifications.commands.answering import find_list, find_message
from oncall.notifications.commands.receiving import receive
from oncall.notifications.values.answering import MessageSent, PageSent
from oncall.notifications.values.receipts import UnknownMessage
from oncall.replies import rules, store
from oncall.replies.commands.acting import acknowledge_all, act
from oncall.replies.values import (
    CODES,
    CODES_LAST,
    MOST_ASKED,
    MOST_WRONG,
    TRIES_LAST,
    Coded,
    ForTheCarrier,
    Rang,
    Spoken,
    Unclear,
    Verb,
)

DRAWS = 5
"""Times that a code is drawn anew where another message to the number has it; a message without one still has its link."""


async def give_codes(tx: AsyncConnection, messages: Mapping[NotificationId, str], *, now: datetime) -> Mapping[NotificationId, str]:
    """A code for each of these messages (with the number it goes to), the same on every attempt."""
    if not messages:
        return {}
    given = await store.codes_of(tx, messages)
    left = {id: address for id, address in messages.items() if id not in given}
    if left:
        await store.forget_codes(tx, set(left.values()), until=now - CODES_LAST)
    for _ in range(DRAWS):
        if not left:
            break
        drawn = {id: (address, str(secrets.choice(CODES))) for id, address in left.items()}
        given |= await store.add_codes(tx, drawn, now=now)
        left = {id: address for id, address in left.items() if id not in given}
    return given


async def take_text(tx: AsyncConnection, sender: str, text: str, *, now: datetime) -> str | None:
    """Do what a text message says, and what to answer; None: nothing."""
    said = rules.read_text(text)
    if isinstance(said, ForTheCarrier):
        return None
    tries = await store.lock_tries(tx, sender, until=now - TRIES_LAST, now=now)
    id = None if isinstance(said, Unclear) else await store.find_code(tx, sender, said.code)
    if id and not isinstance(said, Unclear) and tries.wrong < MOST_WRONG:
        words = await _answer_test_by_text(tx, id, said, sender, now=now)
        if words is not None:
            await store.save_tries(tx, sender, replace(tries, wrong=0, told=0))
            return words
    if isinstance(said, Coded):
        message = await _page_to(tx, id, channel="sms", address=sender) if id else None
        if message and tries.wrong >= MOST_WRONG:
            return rules.TOO_MANY
        if message:
            await store.save_tries(tx, sender, replace(tries, wrong=0, told=0))
            return await _act(tx, message, said.verb, via="sms", code=said.code, now=now)
    told = rules.is_told(tries)
    await store.save_tries(tx, sender, replace(tries, wrong=tries.wrong + isinstance(said, Coded | Rang), told=tries.told + told))
    await store.forget_tries(tx, until=now - TRIES_LAST)
    if not told:
        return None
    return rules.NO_SUCH_CODE if isinstance(said, Coded) else rules.UNCLEAR


async def take_key(tx: AsyncConnection, id: NotificationId, digits: str, *, called: str, again: int, now: datetime) -> Spoken:
    """Do what a key says that was pressed in a call, and what to say then."""
    sent = await find_message(tx, id)
    if sent is None or sent.channel != "voice" or sent.address != called:
        raise UnknownMessage
    if sent.page is None:
        return await _answer_test(tx, sent, digits, again=again, now=now)
    message = await _page_to(tx, id, channel="voice", address=called)
    if message is None:
        return Spoken(rules.GONE)
    verb = rules.KEYS.get(digits)
    if verb is None:
        return Spoken(rules.NOT_A_KEY, again=again < MOST_ASKED)
    return Spoken(await _act(tx, message, verb, via="phone", code=None, now=now))


async def _answer_test_by_text(tx: AsyncConnection, id: NotificationId, said: Coded | Rang, sender: str, *, now: datetime) -> str | None:
    """None if this is no test that was sent to this number, or another one followed."""
    sent = await find_message(tx, id)
    if sent is None or sent.page is not None or (sent.channel, sent.address) != ("sms", sender):
        return None
    rang = said.said if isinstance(said, Rang) else None
    if await answer_message(tx, ContactMethodId(sent.contact_method_id), id, rang, now=now) is None:
        return None
    return rules.TESTED[rang] if rang else rules.ARRIVED.format(code=said.code)


async def _answer_test(tx: AsyncConnection, sent: MessageSent, digits: str, *, again: int, now: datetime) -> Spoken:
    """Whether a test rang on silent; of any other notice, and of an older test, there is nothing to say."""
    said = rules.KEYS_OF_TEST.get(digits)
    test = await answer_message(tx, ContactMethodId(sent.contact_method_id), sent.id, said, now=now)
    if test is None:
        return Spoken(rules.GONE)
    return Spoken(rules.TESTED[said]) if said else Spoken(rules.NOT_A_KEY, again=again < MOST_ASKED, of_test=True)


async def take_status(tx: AsyncConnection, id: NotificationId, fields: Mapping[str, str], *, now: datetime) -> None:
    """Keep what Twilio tells of a message or a call of ours; of any other it is refused. Nothing waits for it, or ends by it; what will
    never arrive goes by the next way now.
    """
    sent = await find_message(tx, id)
    if sent is None or sent.channel not in {"sms", "voice"}:
        raise UnknownMessage
    code = fields.get("ErrorCode", "")
    receipt = rules.read_status(fields, meaning=meaning(int(code)) if code.isdecimal() and len(code) < 8 else None, now=now)
    if receipt is None:
        return
    if rules.never_arrives(fields):
        await never_arrives(tx, id, receipt, channel=sent.channel, now=now)
    else:
        await receive(tx, id, receipt, channel=sent.channel, now=now)


async def _page_to(tx: AsyncConnection, id: NotificationId, *, channel: str, address: str) -> PageSent | None:
    """The page that was sent, if this address is still the person's own, or the team's, and proven."""
    sent = await find_message(tx, id)
    if sent is None or sent.page is None or (sent.channel, sent.address) != (channel, address):
        return None
    method = ContactMethodId(sent.contact_method_id)
    reach = (await load_reach(tx, [sent.user_id])).get(sent.user_id) or (await load_channels(tx, [method])).get(method)
    if reach is None or not any(m.id == sent.contact_method_id and m.verified and m.address == address for m in reach.methods):
        return None
    of_team = reach.team_id is not None
    return PageSent(sent.id, sent.page, reach.user_id, f"somebody of {reach.name}" if of_team else reach.name, of_team)


async def _act(tx: AsyncConnection, message: PageSent, verb: Verb, *, via: str, code: str | None, now: datetime) -> str:
    """As the person, or of a team's channel in nobody's name, by the rules of the links."""
    at, by = message.at, Actor(ActorKind.USER, message.owner_id, message.user_name, via)
    if listed := await find_list(tx, message.id):
        if verb is not Verb.ACKNOWLEDGE:
            return rules.ONE_BY_ONE
        return (await acknowledge_all(tx, listed, told=message.user_id, by=by, now=now)).text
    return (await act(tx, at.incident_id, verb, cycle=at.cycle, told=message.user_id, by=by, code=code, now=now)).text
