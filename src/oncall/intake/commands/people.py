"""Mails that people write: to the address of a service, or in answer to what we wrote to them."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.letters import Desk
from oncall.incidents.commands.mails import take_mail
from oncall.incidents.commands.verbs import get_incidents
from oncall.incidents.values import Action
from oncall.incidents.values.mails import MailBox, PersonsMail, Taken
from oncall.intake.adapters import email
from oncall.intake.adapters.email_people import persons_mail
from oncall.intake.rules import HIDDEN, decode
from oncall.intake.values import Reading, Received, Unreadable
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.errors import Unavailable
from oncall.kit.ids import IncidentId
from oncall.kit.log import get_log
from oncall.kit.trouble import Trouble, again, trouble
from oncall.services.values import IntegrationRef

log = get_log("mail")

LONG = 16 * 1024
"""A mail beyond this is read in a thread, so that nobody's acknowledgement waits for it."""
NOT_NOW = "The database cannot take mails just now; send this one again shortly."

T = TypeVar("T")
Hide = Callable[[str], str]
"""Takes keys of ours out of a text: people quote the address that they wrote to."""


class People:
    """One for all sessions and requests of a node. `ours` is the address that our mails come from."""

    def __init__(self, desk: Desk, database: Database, clock: Clock, *, ours: str) -> None:
        self._desk, self._database, self._clock, self._ours = desk, database, clock, ours

    async def find(self, address: str) -> IncidentId | None:
        """Of which incident this is the address for answers; None, if of none that is there. Raises Unavailable."""
        id = self._desk.answers.of_address(address)
        if id is None:
            return None

        async def is_there(tx: AsyncConnection) -> IncidentId | None:
            found = await get_incidents(tx, [IncidentId(id)])
            return found[0].id if found else None

        return await self._alone(is_there)

    async def take(self, received: Received, integration: IntegrationRef, *, hide: Hide) -> list[Reading] | None:
        """What is recorded of a mail at a service's address, beside what became of it, which is committed by then; None if this is no mail.

        Raises TooMany and Unavailable: it is to come again.
        """
        read = await self._read(received, hide)
        if read is None:
            return None
        said, readings = read
        box = MailBox(integration.id, integration.service_id, integration.reporter_kind)
        reason = said if isinstance(said, str) else f"{await self._take(said, box)}"
        return [replace(reading, action=Action.IGNORE, reason=reason) for reading in readings]

    async def take_answer(self, received: Received, id: IncidentId, *, hide: Hide) -> None:
        """As `take`, of what came to the address for answers about an incident; raises UnknownIncident if it is gone."""
        read = await self._read(received, hide)
        if read is None:
            log.info("what came to an address for answers is no mail, and is let be", incident=str(id))
        elif isinstance(read[0], str):
            log.info("a mail to an address for answers is let be", incident=str(id), reason=read[0])
        else:
            await self._take(read[0], MailBox(id, incident_id=id))

    async def _take(self, mail: PersonsMail, box: MailBox) -> Taken:
        async def take(tx: AsyncConnection) -> Taken:
            return await take_mail(tx, mail, box, self._desk, now=await self._clock.now(tx))

        return await self._alone(take)

    async def _read(self, received: Received, hide: Hide) -> tuple[PersonsMail | str, list[Reading]] | None:
        def read() -> tuple[PersonsMail | str, list[Reading]] | None:
            try:
                value = decode(received)
                mail = email.mail_of(value)
                readings = email.read(value, received)
            except Unreadable:
                return None
            said = persons_mail(mail, ours=self._ours, raw=received.raw)
            return (said if isinstance(said, str) else _without_keys(said, hide)), readings

        return await asyncio.to_thread(read) if len(received.raw) > LONG else read()

    async def _alone(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """In a transaction of its own, done again where it meets another."""

        async def run() -> T:
            async with self._database.transaction(Pool.API) as tx:
                return await work(tx)

        try:
            return await again(run)
        except (DBAPIError, PoolTimeout, OSError) as error:
            if trouble(error) not in {Trouble.UNREACHABLE, Trouble.CONFLICT}:
                raise
            raise Unavailable(NOT_NOW) from error


def hiding(key: str) -> Hide:
    """For who knows by which key a mail came, which may be written in capitals."""
    written = re.compile(re.escape(key), re.IGNORECASE)
    return lambda text: written.sub(HIDDEN, text)


def _without_keys(mail: PersonsMail, hide: Hide) -> PersonsMail:
    attachments = tuple(hide(name) for name in mail.attachments)
    return replace(mail, subject=hide(mail.subject), text=hide(mail.text), own_words=hide(mail.own_words), attachments=attachments)
