"""SQL about notices and their messages: made once per topic, failed when there is nobody to tell any more."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ContactMethodId, NotificationId, UserId, new_id
from oncall.notifications.values import NewNotice, NoticeId, Way

ADD_NOTICES = text("""
    INSERT INTO notices (id, user_id, user_name, kind, topic, urgency, subject, body, expires_at, incident_id, created_at)
    SELECT o.*, CAST(:now AS timestamptz) FROM unnest(
        CAST(:ids AS uuid[]), CAST(:user_ids AS uuid[]), CAST(:user_names AS text[]), CAST(:kinds AS text[]), CAST(:topics AS text[]),
        CAST(:urgencies AS text[]), CAST(:subjects AS text[]), CAST(:bodies AS jsonb[]), CAST(:expires_ats AS timestamptz[]),
        CAST(:incident_ids AS uuid[])) AS o
    ON CONFLICT ON CONSTRAINT notices_once_per_topic DO NOTHING
    RETURNING id
""")
ADD_MESSAGES = text("""
    INSERT INTO notifications (id, notice_id, contact_method_id, channel, address, nth, urgency, due_at, next_at, user_id,
        status, reason, attempt, may_have_arrived, created_at)
    SELECT n.id, n.notice_id, n.contact_method_id, n.channel, n.address, n.nth,
        CASE WHEN o.incident_id IS NULL THEN o.urgency ELSE 'update' END, n.due_at, n.next_at, o.user_id,
        'pending', o.kind || ': ' || o.subject, 0, false, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:notice_ids AS uuid[]), CAST(:contact_method_ids AS uuid[]), CAST(:channels AS text[]),
        CAST(:addresses AS text[]), CAST(:nths AS int[]), CAST(:due_ats AS timestamptz[]), CAST(:next_ats AS timestamptz[]))
        AS n (id, notice_id, contact_method_id, channel, address, nth, due_at, next_at)
    JOIN notices o ON o.id = n.notice_id
""")
FAIL_OF = text("""
    UPDATE notifications SET status = 'failed', next_at = NULL, reason = :reason
    WHERE id IN (SELECT id FROM notifications WHERE next_at IS NOT NULL AND notice_id IS NOT NULL AND user_id = :user_id
                     AND (CAST(:method AS uuid) IS NULL OR contact_method_id = :method)
                 ORDER BY id FOR NO KEY UPDATE)
""")


async def add_notices(tx: AsyncConnection, notices: Sequence[tuple[NoticeId, str, NewNotice]], *, now: datetime) -> set[NoticeId]:
    """Insert notices (id, name of the user, notice); returns the ids of those whose topic is new."""
    rows = await tx.execute(
        ADD_NOTICES,
        {
            "now": now,
            "ids": [id for id, _, _ in notices],
            "user_ids": [o.user_id for _, _, o in notices],
            "user_names": [name for _, name, _ in notices],
            "kinds": [o.kind for _, _, o in notices],
            "topics": [o.topic for _, _, o in notices],
            "urgencies": [o.urgency for _, _, o in notices],
            "subjects": [o.subject for _, _, o in notices],
            "bodies": [_body(o) for _, _, o in notices],
            "expires_ats": [o.expires_at for _, _, o in notices],
            "incident_ids": [o.update.incident_id if o.update else None for _, _, o in notices],
        },
    )
    return {NoticeId(row.id) for row in rows}


def _body(notice: NewNotice) -> str:
    body: dict[str, object] = {"paragraphs": notice.paragraphs, "links": notice.links}
    more = {"sealed": notice.sealed, "update": notice.update, "thread": notice.thread}
    return msgspec.json.encode(body | {name: said for name, said in more.items() if said is not None}).decode()


async def add_messages(tx: AsyncConnection, messages: Sequence[tuple[NoticeId, Way]], *, now: datetime) -> list[NotificationId]:
    """Returns the id of each."""
    ids = [NotificationId(new_id()) for _ in messages]
    await tx.execute(
        ADD_MESSAGES,
        {
            "now": now,
            "ids": ids,
            "notice_ids": [notice for notice, _ in messages],
            "contact_method_ids": [way.contact_method_id for _, way in messages],
            "channels": [way.channel for _, way in messages],
            "addresses": [way.address for _, way in messages],
            "nths": [way.nth for _, way in messages],
            "due_ats": [way.due_at for _, way in messages],
            "next_ats": [way.next_at for _, way in messages],
        },
    )
    return ids


async def fail_of(tx: AsyncConnection, user_id: UserId, method: ContactMethodId | None, *, reason: str) -> None:
    await tx.execute(FAIL_OF, {"user_id": user_id, "method": method, "reason": reason})
