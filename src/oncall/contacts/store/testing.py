"""SQL about the tests of contact methods: of each the last one, and since when it is known to ring on silent."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import ON_A_PHONE, ContactTest, RangOnSilent
from oncall.kit.ids import ContactMethodId, NotificationId

# What was said of earlier tests stays said until somebody says otherwise.
BEGIN = text("""
    INSERT INTO contact_tests AS t (contact_method_id, id, notification_id, sent_at) VALUES (:method, :id, :notification_id, :now)
    ON CONFLICT (contact_method_id) DO UPDATE SET id = excluded.id, notification_id = excluded.notification_id,
        sent_at = excluded.sent_at, accepted_at = NULL, answered_at = NULL, rang_on_silent = NULL
""")
# Whoever removes the address holds its row: who records that its message was taken never waits for them.
ACCEPTED = text("""
    UPDATE contact_tests SET accepted_at = :now WHERE contact_method_id IN (
        SELECT contact_method_id FROM contact_tests
        WHERE contact_method_id = :method AND notification_id = :id AND accepted_at IS NULL FOR NO KEY UPDATE SKIP LOCKED)
""")
FIND = text("""
    SELECT t.id AS test_id, t.sent_at, t.accepted_at, t.answered_at, t.rang_on_silent, m.channel, m.team_id
    FROM contact_tests t JOIN contact_methods m ON m.id = t.contact_method_id WHERE t.contact_method_id = :method AND t.id = :id
""")
ANSWER = text("""
    UPDATE contact_tests t SET answered_at = coalesce(answered_at, :now), rang_on_silent = coalesce(CAST(:said AS text), rang_on_silent),
        rings_since = CASE CAST(:said AS text) WHEN 'yes' THEN coalesce(rings_since, :now) WHEN 'no' THEN NULL ELSE rings_since END
    FROM contact_methods m
    WHERE t.contact_method_id = :method AND m.id = t.contact_method_id
        AND (t.id = CAST(:id AS uuid) OR t.notification_id = CAST(:notification_id AS uuid))
    RETURNING t.id AS test_id, t.sent_at, t.accepted_at, t.answered_at, t.rang_on_silent, m.channel, m.team_id
""")


async def begin_test(tx: AsyncConnection, method: ContactMethodId, id: UUID, notification_id: NotificationId, *, now: datetime) -> None:
    await tx.execute(BEGIN, {"method": method, "id": id, "notification_id": notification_id, "now": now})


async def accepted(tx: AsyncConnection, method: UUID, notification_id: NotificationId, *, now: datetime) -> None:
    await tx.execute(ACCEPTED, {"method": method, "id": notification_id, "now": now})


async def find(tx: AsyncConnection, method: ContactMethodId, id: UUID) -> ContactTest | None:
    """None if there was none, or another one after it."""
    row = (await tx.execute(FIND, {"method": method, "id": id})).one_or_none()
    return test_of(row) if row else None


async def answer(
    tx: AsyncConnection,
    method: ContactMethodId,
    said: RangOnSilent | None,
    *,
    id: UUID | None = None,
    notification_id: NotificationId | None = None,
    now: datetime,
) -> ContactTest | None:
    params = {"method": method, "said": said.value if said else None, "id": id, "notification_id": notification_id, "now": now}
    row = (await tx.execute(ANSWER, params)).one_or_none()
    return test_of(row) if row else None


def test_of(row: Row[Any]) -> ContactTest | None:
    if row.test_id is None:
        return None
    said = RangOnSilent(row.rang_on_silent) if row.rang_on_silent else None
    may_ring = row.team_id is None and row.channel in ON_A_PHONE
    return ContactTest(row.test_id, row.sent_at, row.accepted_at, row.answered_at, said, may_ring)
