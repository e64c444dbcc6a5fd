"""The link in a test message: whoever opens it sees how long it took, and says whether it rang."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import LinkToken
from oncall.console.rules.testing import page_of_test
from oncall.console.values import NEWER_TEST, LinkPage
from oncall.contacts.commands.testing import answer_test, find_test
from oncall.contacts.values import RangOnSilent
from oncall.kit.ids import ContactMethodId

ARRIVED = "arrived"
"""All there is to say where no phone may ring."""


async def show_test(tx: AsyncConnection, token: LinkToken, *, now: datetime) -> LinkPage:
    """Changes nothing: whatever reads messages for people opens links, too."""
    test = await find_test(tx, ContactMethodId(token.incident_id), UUID(int=token.user_id.int))
    return page_of_test(test, said=None, now=now) if test else NEWER_TEST


async def hear_test(tx: AsyncConnection, token: LinkToken, word: str, *, now: datetime) -> LinkPage:
    """What is none of the answers changes nothing."""
    method, id = ContactMethodId(token.incident_id), UUID(int=token.user_id.int)
    test = await find_test(tx, method, id)
    answers = set(RangOnSilent) if test and test.may_ring else {ARRIVED}
    if test is None or word not in answers:
        return await show_test(tx, token, now=now)
    said = RangOnSilent(word) if test.may_ring else None
    test = await answer_test(tx, method, id, said, now=now)
    return page_of_test(test, said=said, now=now) if test else NEWER_TEST
