"""Every SQL statement about pages, notifications and attempts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ContactMethodId, IncidentId, NotificationId, PageId, UserId, new_id
from oncall.notifications.values import Attempt, AttemptOutcome, Claimed, NewPage, Notification, Status, Step, Subject, Way

ADD_PAGES = text("""
    INSERT INTO pages (id, incident_id, user_id, user_name, cycle, round, step, reason, subject, created_at)
    SELECT p.*, CAST(:now AS timestamptz) FROM unnest(
        CAST(:ids AS uuid[]), CAST(:incident_ids AS uuid[]), CAST(:user_ids AS uuid[]), CAST(:user_names AS text[]),
        CAST(:cycles AS int[]), CAST(:rounds AS int[]), CAST(:steps AS int[]), CAST(:reasons AS text[]), CAST(:subjects AS jsonb[])) AS p
    ON CONFLICT ON CONSTRAINT pages_once_per_user_and_step DO NOTHING
    RETURNING id
""")

ADD_NOTIFICATIONS = text("""
    INSERT INTO notifications (id, page_id, contact_method_id, channel, address, nth, urgency, due_at, next_at, incident_id, user_id,
        cycle, round, step, status, reason, attempt, may_have_arrived, created_at)
    SELECT n.id, n.page_id, n.contact_method_id, n.channel, n.address, n.nth, p.subject ->> 'urgency', n.due_at,
        n.next_at, p.incident_id, p.user_id, p.cycle, p.round, p.step, 'pending', p.reason, 0, false, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:page_ids AS uuid[]), CAST(:contact_method_ids AS uuid[]), CAST(:channels AS text[]),
        CAST(:addresses AS text[]), CAST(:nths AS int[]), CAST(:due_ats AS timestamptz[]), CAST(:next_ats AS timestamptz[]))
        AS n (id, page_id, contact_method_id, channel, address, nth, due_at, next_at)
    JOIN pages p ON p.id = n.page_id
    ON CONFLICT ON CONSTRAINT notifications_once_per_position_and_contact_method DO NOTHING
""")

# `notifications_next_at_idx (channel, urgency, next_at) WHERE next_at IS NOT NULL` holds exactly what is unfinished. High urgency goes
# first ('high' sorts before 'low'), and nobody gets more than their share of the slots. Fresh and stale (a lease that ran out) are
# claimed by one statement; of a stale one nobody knows whether it arrived, and its attempt says so.
CLAIM = text("""
    WITH first AS (
        (SELECT id, address, urgency, next_at FROM notifications
         WHERE channel = :channel AND urgency = 'high' AND next_at <= :now AND address <> ALL(CAST(:busy AS text[]))
         ORDER BY next_at LIMIT 1000)
        UNION ALL
        (SELECT id, address, urgency, next_at FROM notifications
         WHERE channel = :channel AND urgency = 'low' AND next_at <= :now AND address <> ALL(CAST(:busy AS text[]))
         ORDER BY next_at LIMIT 1000)
    ), fair AS (
        SELECT id, urgency, next_at, row_number() OVER (PARTITION BY address ORDER BY urgency, next_at) AS nth FROM first
    ), due AS MATERIALIZED (
        SELECT id, status, attempt FROM notifications
        WHERE id IN (SELECT id FROM fair WHERE nth <= :each ORDER BY urgency, next_at LIMIT :limit) AND next_at <= :now
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), unknown AS (
        INSERT INTO attempts (notification_id, number, at, outcome, detail)
        SELECT id, attempt, :now, 'unknown', 'its sender did not report before the lease ran out' FROM due WHERE status = 'sending'
        ON CONFLICT DO NOTHING
    )
    UPDATE notifications n
    SET status = 'sending', attempt = n.attempt + 1, next_at = :lease_until,
        may_have_arrived = n.may_have_arrived OR due.status = 'sending'
    FROM due, pages p WHERE n.id = due.id AND p.id = n.page_id
    RETURNING n.id, n.page_id, n.incident_id, n.user_id, p.user_name, n.cycle, n.round, n.step, n.nth, n.channel, n.address, n.due_at,
        n.attempt, n.may_have_arrived, n.reason, p.subject::text AS subject
""")

NEXT_AT = text("""
    SELECT least(
        (SELECT min(next_at) FROM notifications WHERE channel = :channel AND urgency = 'high' AND next_at IS NOT NULL),
        (SELECT min(next_at) FROM notifications WHERE channel = :channel AND urgency = 'low' AND next_at IS NOT NULL))
""")
STILL_MINE = text("SELECT 1 FROM notifications WHERE id = :id AND attempt = :attempt AND status = 'sending' AND next_at > :now")
RECORD = text("""
    UPDATE notifications SET status = :status, next_at = :next_at, may_have_arrived = :may_have_arrived
    WHERE id = :id AND attempt = :attempt AND status = 'sending' RETURNING id
""")
# It was no attempt: a claim that came to nothing uses up none of the tries.
GIVE_BACK = text("""
    UPDATE notifications SET status = 'pending', attempt = attempt - 1, next_at = :next_at
    WHERE id = :id AND attempt = :attempt AND status = 'sending'
""")
ADD_ATTEMPT = text("""
    INSERT INTO attempts (notification_id, number, at, outcome, detail) VALUES (:id, :attempt, :now, :outcome, :detail)
    ON CONFLICT DO NOTHING
""")
CANCEL = text("""
    WITH cancelled AS (
        UPDATE notifications SET status = 'cancelled', next_at = NULL
        WHERE id IN (SELECT id FROM notifications WHERE incident_id = ANY(:incident_ids) AND next_at IS NOT NULL
                     ORDER BY id FOR NO KEY UPDATE)
        RETURNING incident_id
    ) SELECT incident_id, count(*) AS cancelled FROM cancelled GROUP BY incident_id
""")
# What was cancelled of the step that fired last. Whoever was on the wire when it was cancelled finds itself fenced.
REVIVE = text("""
    WITH last AS (
        SELECT DISTINCT ON (incident_id) incident_id, cycle, round, step FROM notifications
        WHERE incident_id = ANY(:incident_ids) ORDER BY incident_id, cycle DESC, round DESC, step DESC
    )
    UPDATE notifications n
    SET status = 'pending', next_at = greatest(n.due_at, :now), may_have_arrived = n.may_have_arrived OR n.attempt > 0
    FROM last WHERE n.incident_id = last.incident_id AND (n.cycle, n.round, n.step) = (last.cycle, last.round, last.step)
        AND n.status = 'cancelled'
""")
ANY_ALIVE = text("""
    SELECT EXISTS (SELECT 1 FROM notifications WHERE incident_id = :incident_id AND cycle = :cycle AND round = :round AND step = :step
        AND id IS DISTINCT FROM CAST(:but AS uuid) AND user_id IS DISTINCT FROM CAST(:but_user AS uuid)
        AND status IN ('pending', 'sending', 'sent', 'delivered', 'read')
        AND (contact_method_id <> user_id OR :account_email))
""")
UNFINISHED_OF = text("""
    SELECT DISTINCT incident_id, cycle, round, step FROM notifications
    WHERE next_at IS NOT NULL AND user_id = :user_id AND (CAST(:method AS uuid) IS NULL OR contact_method_id = :method)
    ORDER BY incident_id, cycle, round, step
""")
# Failed, not cancelled: should the incident go on, there is nobody to tell.
FAIL_OF = text("""
    UPDATE notifications SET status = 'failed', next_at = NULL
    WHERE incident_id = :incident_id AND next_at IS NOT NULL AND user_id = :user_id
        AND (CAST(:method AS uuid) IS NULL OR contact_method_id = :method)
""")
HEARD = text("""
    SELECT DISTINCT n.incident_id FROM unnest(CAST(:ids AS uuid[]), CAST(:cycles AS int[])) AS i (id, cycle)
    JOIN notifications n ON n.incident_id = i.id AND n.cycle = i.cycle AND n.status IN ('sent', 'delivered', 'read')
""")
# By the unique index (incident_id, cycle, …): a link counts in its own cycle, and in the newest one if that paged its user too.
PAGED_SINCE = text("""
    SELECT coalesce(max(cycle), 0) <= :cycle OR bool_or(user_id = :user_id AND cycle > :cycle) AS counts
    FROM pages WHERE incident_id = :incident_id
""")
LIST = text("""
    SELECT n.id, n.incident_id, n.user_id, p.user_name, n.channel, n.address, n.status, n.reason, n.cycle, n.round, n.step, n.nth, n.due_at
    FROM notifications n JOIN pages p ON p.id = n.page_id WHERE n.incident_id = :incident_id ORDER BY n.id LIMIT 1000
""")
ATTEMPTS = text("""
    SELECT a.notification_id, a.number, a.at, a.outcome, a.detail FROM attempts a
    WHERE a.notification_id = ANY(:ids) ORDER BY a.notification_id, a.number
""")


async def add_pages(tx: AsyncConnection, pages: Sequence[tuple[PageId, str, NewPage]], *, now: datetime) -> set[PageId]:
    """Insert pages (id, name of the user, page); returns the ids of those that did not exist yet."""
    rows = await tx.execute(
        ADD_PAGES,
        {
            "now": now,
            "ids": [id for id, _, _ in pages],
            "incident_ids": [p.incident_id for _, _, p in pages],
            "user_ids": [p.user_id for _, _, p in pages],
            "user_names": [name for _, name, _ in pages],
            "cycles": [p.cycle for _, _, p in pages],
            "rounds": [p.round for _, _, p in pages],
            "steps": [p.step for _, _, p in pages],
            "reasons": [p.reason for _, _, p in pages],
            "subjects": [msgspec.json.encode(p.subject).decode() for _, _, p in pages],
        },
    )
    return {PageId(row.id) for row in rows}


async def add_notifications(tx: AsyncConnection, messages: Sequence[tuple[PageId, Way]], *, now: datetime) -> None:
    await tx.execute(
        ADD_NOTIFICATIONS,
        {
            "now": now,
            "ids": [new_id() for _ in messages],
            "page_ids": [page for page, _ in messages],
            "contact_method_ids": [way.contact_method_id for _, way in messages],
            "channels": [way.channel for _, way in messages],
            "addresses": [way.address for _, way in messages],
            "nths": [way.nth for _, way in messages],
            "due_ats": [way.due_at for _, way in messages],
            "next_ats": [way.next_at for _, way in messages],
        },
    )


async def claim_due(
    tx: AsyncConnection, *, channel: str, busy: Sequence[str], each: int, now: datetime, lease_until: datetime, limit: int
) -> list[Claimed]:
    """At most `each` to one address, and none to those that are busy."""
    params = {"channel": channel, "busy": list(busy), "each": each, "now": now, "lease_until": lease_until, "limit": limit}
    rows = await tx.execute(CLAIM, params)
    return [
        Claimed(
            NotificationId(r.id),
            PageId(r.page_id),
            IncidentId(r.incident_id),
            UserId(r.user_id),
            r.user_name,
            r.cycle,
            r.round,
            r.step,
            r.nth,
            r.channel,
            r.address,
            r.due_at,
            r.attempt,
            r.may_have_arrived,
            lease_until,
            r.reason,
            msgspec.json.decode(r.subject, type=Subject),
        )
        for r in rows
    ]


async def next_at(tx: AsyncConnection, *, channel: str) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT, {"channel": channel})).scalar_one()
    return at


async def is_still_mine(tx: AsyncConnection, claimed: Claimed, *, now: datetime) -> bool:
    return (await tx.execute(STILL_MINE, {"id": claimed.id, "attempt": claimed.attempt, "now": now})).first() is not None


async def record(tx: AsyncConnection, claimed: Claimed, *, status: Status, next_at: datetime | None, may_have_arrived: bool) -> bool:
    """Write what became of it; false if it was cancelled or claimed by another meanwhile (the fence)."""
    row = await tx.execute(
        RECORD,
        {
            "id": claimed.id,
            "attempt": claimed.attempt,
            "status": status.value,
            "next_at": next_at,
            "may_have_arrived": may_have_arrived,
        },
    )
    return row.first() is not None


async def give_back(tx: AsyncConnection, claimed: Claimed, *, next_at: datetime) -> None:
    await tx.execute(GIVE_BACK, {"id": claimed.id, "attempt": claimed.attempt, "next_at": next_at})


async def add_attempt(tx: AsyncConnection, claimed: Claimed, *, outcome: AttemptOutcome, detail: str, now: datetime) -> None:
    await tx.execute(ADD_ATTEMPT, {"id": claimed.id, "attempt": claimed.attempt, "now": now, "outcome": outcome, "detail": detail[:2_000]})


async def cancel(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, int]:
    rows = await tx.execute(CANCEL, {"incident_ids": list(incident_ids)})
    return {IncidentId(r.incident_id): r.cancelled for r in rows}


async def revive(tx: AsyncConnection, incident_ids: Sequence[IncidentId], *, now: datetime) -> int:
    return (await tx.execute(REVIVE, {"incident_ids": list(incident_ids), "now": now})).rowcount


async def any_alive(
    tx: AsyncConnection, step: Step, *, but: NotificationId | None = None, but_user: UserId | None = None, account_email: bool
) -> bool:
    """Is there another message of this step that has arrived or still may? Those to an account e-mail count only if it says so."""
    params = {"incident_id": step.incident_id, "cycle": step.cycle, "round": step.round, "step": step.step}
    row = await tx.execute(ANY_ALIVE, params | {"but": but, "but_user": but_user, "account_email": account_email})
    return bool(row.scalar_one())


async def list_unfinished_of(tx: AsyncConnection, user_id: UserId, method: ContactMethodId | None) -> list[Step]:
    rows = await tx.execute(UNFINISHED_OF, {"user_id": user_id, "method": method})
    return [Step(IncidentId(r.incident_id), r.cycle, r.round, r.step) for r in rows]


async def fail_of(tx: AsyncConnection, incident_id: IncidentId, user_id: UserId, method: ContactMethodId | None) -> None:
    await tx.execute(FAIL_OF, {"incident_id": incident_id, "user_id": user_id, "method": method})


async def was_paged_since(tx: AsyncConnection, incident_id: IncidentId, user_id: UserId, *, cycle: int) -> bool:
    row = await tx.execute(PAGED_SINCE, {"incident_id": incident_id, "user_id": user_id, "cycle": cycle})
    return bool(row.scalar_one())


async def find_heard(tx: AsyncConnection, cycles: Mapping[IncidentId, int]) -> set[IncidentId]:
    rows = await tx.execute(HEARD, {"ids": list(cycles), "cycles": list(cycles.values())})
    return {IncidentId(r.incident_id) for r in rows}


async def list_for_incident(tx: AsyncConnection, incident_id: IncidentId) -> list[Notification]:
    rows = (await tx.execute(LIST, {"incident_id": incident_id})).all()
    tries: dict[UUID, list[Attempt]] = {row.id: [] for row in rows}
    for a in await tx.execute(ATTEMPTS, {"ids": list(tries)}) if tries else ():
        tries[a.notification_id].append(Attempt(a.number, a.at, AttemptOutcome(a.outcome), a.detail))
    return [
        Notification(
            NotificationId(r.id),
            IncidentId(r.incident_id),
            UserId(r.user_id),
            r.user_name,
            r.channel,
            r.address,
            Status(r.status),
            r.reason,
            r.cycle,
            r.round,
            r.step,
            r.nth,
            r.due_at,
            tuple(tries[r.id]),
        )
        for r in rows
    ]
