"""A code to prove an address by, and a test to see whether it rings: each to exactly one contact method."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.rules import sign_link
from oncall.access.values import LinkToken, LinkVerb
from oncall.contacts.commands import make_code, make_test
from oncall.contacts.commands.testing import begin_test
from oncall.contacts.values import CODE_LASTS, ContactMethod, Owner
from oncall.kit.db import notify
from oncall.kit.ids import ContactMethodId, IncidentId, NotificationId, UserId, new_id
from oncall.kit.sealing import Sealing
from oncall.notifications.rules import notice_of_code, notice_of_test
from oncall.notifications.store import notices as notice_store
from oncall.notifications.values import NewNotice, NoticeId, Way
from oncall.teams.commands import get_team, get_user


@dataclass(frozen=True, slots=True)
class Links:
    """What the link in a test begins with and is signed by."""

    base_url: str
    keys: Sequence[bytes]

    def to_test(self, method: ContactMethodId, test: UUID) -> str:
        return f"{self.base_url}/l/{sign_link(LinkToken(IncidentId(method), UserId(test), LinkVerb.TEST, 0, 0), self.keys)}"


async def send_code(
    tx: AsyncConnection, owner: Owner, id: ContactMethodId, *, of_team: bool = False, key: bytes, sealing: Sealing, now: datetime
) -> NotificationId:
    """Send a new code to exactly this address, by which its owner proves that it is theirs."""
    method, code = await make_code(tx, owner, id, of_team=of_team, key=key, now=now)
    notice = notice_of_code(
        method, topic=f"verification/{new_id()}", sealed=sealing.seal(code.encode()).decode(), expires_at=now + CODE_LASTS
    )
    return await _send_to(tx, notice, method, await _name_of(tx, method), now=now)


async def send_test(
    tx: AsyncConnection, owner: Owner, id: ContactMethodId, *, of_team: bool = False, links: Links, now: datetime
) -> NotificationId:
    """Send a test to this address, by the way of every message; what becomes of it, and what is said of it, is noted there."""
    method = await make_test(tx, owner, id, of_team=of_team, now=now)
    name, test = await _name_of(tx, method), new_id()
    notice = notice_of_test(method, name, topic=f"test/{test}", url=links.to_test(method.id, test), now=now)
    message = await _send_to(tx, notice, method, name, now=now)
    await begin_test(tx, method.id, test, message, now=now)
    return message


async def _name_of(tx: AsyncConnection, method: ContactMethod) -> str:
    return f"team {(await get_team(tx, method.team_id)).name}" if method.team_id else (await get_user(tx, method.user_id)).name


async def _send_to(tx: AsyncConnection, notice: NewNotice, method: ContactMethod, name: str, *, now: datetime) -> NotificationId:
    """One message to this address and no other, whatever its owner's rules say."""
    id = NoticeId(new_id())
    await notice_store.add_notices(tx, [(id, name, notice)], now=now)
    way = Way(method.id, method.channel, method.address, 1, now, now)
    [message] = await notice_store.add_messages(tx, [(id, way)], now=now)
    await notify(tx, f"notifications.{method.channel}")
    return message
